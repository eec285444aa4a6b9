"""Before anything about a person is taken in: are they erased, or merged into another?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

# Shared by what takes a person's data in, exclusive for what erases it: else an erasure could miss what another
# transaction is just writing, and that one the erasure. One statement in one order, so nobody locks up.
_LOCK = text(
    """
    SELECT CASE WHEN exclusive THEN pg_advisory_xact_lock(key) ELSE pg_advisory_xact_lock_shared(key) END
    FROM (
        SELECT hashtextextended(:publisher_id || '/' || subject, 0) AS key, bool_or(exclusive) AS exclusive
        FROM unnest(CAST(:subjects AS text[]), CAST(:exclusive AS boolean[])) AS wanted (subject, exclusive)
        GROUP BY 1 ORDER BY 1
    ) AS locks
    """
)
_LOOK_UP = text(
    """
    SELECT alias, subject FROM subject_alias WHERE publisher_id = :publisher_id AND alias = ANY(:subjects)
    UNION ALL
    SELECT NULL, subject FROM erased_subject WHERE publisher_id = :publisher_id AND subject = ANY(:subjects)
    """
)
_NOTE = text(
    """
    INSERT INTO erased_subject (publisher_id, subject, erased_at) VALUES (:publisher_id, :subject, now())
    ON CONFLICT DO NOTHING
    """
)


@dataclass(slots=True)
class Screen:
    """What is known of the people in a batch."""

    aliases: dict[str, str] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    def resolve(self, subject: str | None) -> str | None:
        """The person that ``subject`` was merged into, or ``subject`` itself."""
        return subject if subject is None else self.aliases.get(subject, subject)

    def is_erased(self, subject: str | None) -> bool:
        """Whether nothing more about this person may be taken in."""
        return subject is not None and (subject in self.erased or self.aliases.get(subject) in self.erased)


def screen(session: Session, publisher_id: str, subjects: Iterable[str], *, erasing: Iterable[str] = ()) -> Screen:
    """Look these people up, and hold off their erasure (for ``erasing``: everything else) until the commit.

    Merges are one step deep: whoever merges into a third repoints the aliases that exist.
    """
    exclusive = set(erasing)
    wanted = exclusive.union(subjects)
    seen = Screen()
    if wanted:
        _look_up(session, publisher_id, wanted, exclusive, seen)
    survivors = set(seen.aliases.values()) - wanted
    if survivors:
        _look_up(session, publisher_id, survivors, {seen.aliases.get(subject, "") for subject in exclusive}, seen)
    return seen


def lock_people(session: Session, publisher_id: str, subjects: Iterable[str], *, exclusive: Iterable[str] = ()) -> None:
    """Until the commit nobody erases or merges these; for those in ``exclusive`` nobody takes anything in either.

    For what erases or merges people by another way than an event: name them in ``exclusive`` before anything else.
    """
    alone = set(exclusive)
    wanted = sorted(alone.union(subjects))
    session.execute(
        _LOCK,
        {"publisher_id": publisher_id, "subjects": wanted, "exclusive": [subject in alone for subject in wanted]},
    )


def _look_up(session: Session, publisher_id: str, subjects: set[str], exclusive: set[str], seen: Screen) -> None:
    lock_people(session, publisher_id, subjects, exclusive=exclusive & subjects)
    # A statement of its own: its snapshot has to be newer than the locks.
    for alias, subject in session.execute(_LOOK_UP, {"publisher_id": publisher_id, "subjects": sorted(subjects)}):
        if alias is None:
            seen.erased.add(subject)
        else:
            seen.aliases[alias] = subject


def note_erased(session: Session, publisher_id: str, subject: str) -> None:
    """From the commit on nothing more about this person is taken in. Doing it again changes nothing."""
    session.execute(_NOTE, {"publisher_id": publisher_id, "subject": subject})

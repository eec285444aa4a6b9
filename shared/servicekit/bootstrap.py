"""Starting a consumer, or starting it again, from an owner's feed while live events flow.

The consumer's queue must have been declared before: what changes after a page was read then comes as an event, and the
version guard makes the overlap harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event as Stop

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from servicekit.db.database import Database, is_transient
from servicekit.db.tables import bootstrap_progress
from servicekit.feed import FeedItem, FeedPage
from servicekit.screening import screen

Fetch = Callable[[str | None], FeedPage]
Apply = Callable[[Session, Sequence[FeedItem]], None]

_ATTEMPTS = 5
_BACK_OFF_SECONDS = (0.5, 60.0)
_log = structlog.get_logger(__name__)


def bootstrap(
    source: str,
    fetch: Fetch,
    apply: Apply,
    app: Database,
    *,
    progress: Callable[[int], None] = lambda _items: None,
) -> int:
    """Read the feed ``source`` to its end, page by page; how many items it had.

    ``apply`` gets one publisher's items in one transaction and guards by version. What erased people's items say
    is not taken in, their tombstones are. An interrupted run goes on after its last complete page; a finished
    one, started again, begins anew. What a deadlock stopped is tried again. Raises what ``fetch`` and ``apply`` raise.
    """
    cursor, items = _resume(app, source)
    while True:
        page = fetch(cursor)
        by_publisher: dict[str, list[FeedItem]] = {}
        for item in page.items:
            by_publisher.setdefault(item.publisher_id, []).append(item)
        for publisher_id, theirs in by_publisher.items():
            _apply(app, publisher_id, theirs, apply)
        items += len(page.items)
        cursor = page.next_cursor
        _remember(app, source, cursor, items)
        progress(items)
        if cursor is None:
            return items


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed that a service starts from, at ``path`` of the service ``owner``, and what is made of its items.

    ``name``: by which it is remembered how far it was read.
    """

    name: str
    owner: str
    path: str
    apply: Apply

    def read(
        self,
        fetch: Fetch,
        app: Database,
        *,
        afresh: bool = False,
        progress: Callable[[int], None] = lambda _items: None,
    ) -> int:
        """Read it to its end; how many items it had. ``afresh``: from the beginning, even if it was read in part."""
        if afresh:
            with app.transaction() as session:
                forget_bootstrap(session, self.name)
        return bootstrap(self.name, fetch, self.apply, app, progress=progress)


def is_bootstrapped(app: Database, source: str) -> bool:
    """Whether the feed ``source`` was read to its end at least once since ``forget_bootstrap``."""
    with app.transaction() as session:
        finished = session.execute(
            select(bootstrap_progress.c.finished_at).where(bootstrap_progress.c.source == source)
        ).scalar_one_or_none()
    return finished is not None


class Bootstrapping:
    """Reads a feed to its end once, however long its owner or the database are down; then there is nothing to do.

    For a process that starts beside the consumer: a service that joins, or whose copy was thrown away, fills itself.
    """

    def __init__(
        self,
        source: str,
        read: Callable[[], int],
        app: Database,
        *,
        back_off: tuple[float, float] = _BACK_OFF_SECONDS,
    ) -> None:
        self._source = source
        self._read = read
        self._app = app
        self._back_off = back_off

    def step(self) -> int:
        """Read the feed unless that was done before; how many items it had. Raises what stops it."""
        return 0 if is_bootstrapped(self._app, self._source) else self._read()

    def run(self, stop: Stop) -> None:
        """Try until it is done, or ``stop`` is set."""
        pause, longest = self._back_off
        while not stop.is_set():
            try:
                items = self.step()
            except Exception as error:
                _log.warning("bootstrap interrupted", source=self._source, error=type(error).__name__, retry_in=pause)
                stop.wait(pause)
                pause = min(pause * 2, longest)
            else:
                _log.info("bootstrapped", source=self._source, items=items)
                return


class InOrder:
    """Several that are read one after the other: what later ones say may build on what earlier ones said."""

    def __init__(self, all_: Sequence[Bootstrapping]) -> None:
        self._all = all_

    def step(self) -> int:
        """As of each: how many items there were. Raises what stops one."""
        return sum(each.step() for each in self._all)

    def run(self, stop: Stop) -> None:
        """Try until all are done, or ``stop`` is set."""
        for each in self._all:
            each.run(stop)


def forget_bootstrap(session: Session, source: str) -> None:
    """The copy was thrown away: the next bootstrap begins anew."""
    session.execute(delete(bootstrap_progress).where(bootstrap_progress.c.source == source))


def _apply(app: Database, publisher_id: str, items: Sequence[FeedItem], apply: Apply) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _apply_once(app, publisher_id, items, apply)
            return
        except DBAPIError as error:
            # Events take the same people in at the same time, in an order of their own.
            if attempt == _ATTEMPTS or not is_transient(error):
                raise


def _apply_once(app: Database, publisher_id: str, items: Sequence[FeedItem], apply: Apply) -> None:
    with app.transaction(publisher_id) as session:
        people = {item.datasubject for item in items if item.datasubject is not None}
        # A tombstone erases: it waits for what is just being taken in of that person.
        erasing = {item.datasubject for item in items if item.deleted and item.datasubject is not None}
        seen = screen(session, publisher_id, people, erasing=erasing)
        wanted = [
            FeedItem(
                subject=item.subject,
                publisher_id=item.publisher_id,
                version=item.version,
                datasubject=seen.resolve(item.datasubject),
                deleted=item.deleted,
                data=item.data,
            )
            for item in items
            if item.deleted or not seen.is_erased(item.datasubject)
        ]
        if wanted:
            apply(session, wanted)


def _resume(app: Database, source: str) -> tuple[str | None, int]:
    with app.transaction() as session:
        row = session.execute(
            select(bootstrap_progress.c.cursor, bootstrap_progress.c["items"]).where(
                bootstrap_progress.c.source == source, bootstrap_progress.c.cursor.is_not(None)
            )
        ).one_or_none()
    return (row[0], int(row[1])) if row is not None else (None, 0)


def _remember(app: Database, source: str, cursor: str | None, items: int) -> None:
    finished = func.now() if cursor is None else bootstrap_progress.c.finished_at
    statement = insert(bootstrap_progress).values(
        source=source, cursor=cursor, items=items, finished_at=func.now() if cursor is None else None
    )
    with app.transaction() as session:
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["source"], set_={"cursor": cursor, "items": items, "finished_at": finished}
            )
        )

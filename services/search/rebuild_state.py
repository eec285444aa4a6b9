"""The rebuild under way: whose it is, how far it is, and which indices are written to meanwhile.

One row, held by lease: only the database's clock counts, so it works behind a pooler, and a holder that died is
followed by the next. Whatever a holder notes is refused once somebody else holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.search.engine.indices import IN_SERVICE

HOLD_SECONDS = 15.0
"""How long a rebuild is held without being renewed."""

_COLUMNS = """holder, held_until, held_until > clock_timestamp() AS held, step, target, normalizer, retired,
    position_publisher, position_customer, written, started_at"""
_LOOK = text(f"SELECT {_COLUMNS} FROM index_rebuild")  # noqa: S608 - constants only
_BEGIN = text("""
    INSERT INTO index_rebuild (id, holder, held_until, step, target, normalizer, retired, started_at)
    VALUES (1, :holder, clock_timestamp() + make_interval(secs => :seconds), :step, :target, :normalizer,
        CAST(:retired AS text[]), clock_timestamp())
    ON CONFLICT DO NOTHING RETURNING id
""")
_TAKE = text("""
    UPDATE index_rebuild SET holder = :holder, held_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE holder = :holder OR held_until <= clock_timestamp() RETURNING id
""")
_RENEW = text("""
    UPDATE index_rebuild SET held_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE holder = :holder RETURNING id
""")
_RELEASE = text("UPDATE index_rebuild SET held_until = 'epoch' WHERE holder = :holder")
_STEP = text("UPDATE index_rebuild SET step = :step WHERE holder = :holder RETURNING id")
_POSITION = text("""
    UPDATE index_rebuild
    SET position_publisher = :publisher_id, position_customer = :customer_id, written = :written,
        held_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE holder = :holder RETURNING id
""")
_RESTART = text("""
    UPDATE index_rebuild SET step = :step, position_publisher = '', position_customer = '', written = 0
    WHERE holder = :holder RETURNING id
""")
_END = text("DELETE FROM index_rebuild WHERE holder = :holder")
_TARGET = text("""
    INSERT INTO search_target (name, normalizer) VALUES (:name, :normalizer) ON CONFLICT DO NOTHING
""")
_NORMALIZER = text("UPDATE search_target SET normalizer = :normalizer")
_STOP_OLDER = text("DELETE FROM index_target")
_NO_TARGET = text("DELETE FROM search_target WHERE name = :name AND name <> :in_service")
_NEWEST = text("SELECT coalesce(pg_sequence_last_value('doc_version'::regclass), 0)")
_WAITING = text("SELECT count(*) FROM search_dirty WHERE doc_version <= :version AND refusal IS NULL")
_RETRY_REFUSED = text("UPDATE search_dirty SET due_at = clock_timestamp() WHERE refusal IS NOT NULL")


class Step(StrEnum):
    """What a rebuild does next."""

    CREATING = "creating"
    FILLING = "filling"
    CHECKING = "checking"
    PROMOTING = "promoting"
    """The new index is complete: from here on there is no way back, only the rest to be done."""
    RETIRING = "retiring"
    """The new index is in service; the one before is still there."""


class TakenOver(Exception):
    """Somebody else holds the rebuild by now: this process was away for too long."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A rebuild under way or interrupted: the index ``target`` is filled up to ``position``.

    ``held``: its holder was alive a moment ago. ``retired``: the indices that it replaces.
    """

    holder: str
    held_until: datetime
    held: bool
    step: Step
    target: str
    normalizer: int
    retired: tuple[str, ...]
    position: tuple[str, str]
    written: int
    started_at: datetime

    @property
    def revocable(self) -> bool:
        """Whether it can still be given up: the index before is the one in service."""
        return self.step not in (Step.PROMOTING, Step.RETIRING)


def look(session: Session) -> Rebuild | None:
    """The rebuild that there is."""
    row = session.execute(_LOOK).one_or_none()
    if row is None:
        return None
    return Rebuild(
        holder=row.holder,
        held_until=row.held_until,
        held=row.held,
        step=Step(row.step),
        target=row.target,
        normalizer=row.normalizer,
        retired=tuple(row.retired),
        position=(row.position_publisher, row.position_customer),
        written=row.written,
        started_at=row.started_at,
    )


def begin(session: Session, holder: str, *, target: str, normalizer: int, retired: Sequence[str]) -> bool:
    """Begin one, held by ``holder``; False if there is one already."""
    parameters = {
        "holder": holder,
        "seconds": HOLD_SECONDS,
        "step": Step.CREATING,
        "target": target,
        "normalizer": normalizer,
        "retired": list(retired),
    }
    return session.execute(_BEGIN, parameters).scalar() is not None


def take(session: Session, holder: str) -> bool:
    """Go on with the one that there is; False if it is another's, or there is none."""
    return session.execute(_TAKE, {"holder": holder, "seconds": HOLD_SECONDS}).scalar() is not None


def renew(session: Session, holder: str) -> None:
    """Keep it from being taken over. Raises TakenOver."""
    _own(session.execute(_RENEW, {"holder": holder, "seconds": HOLD_SECONDS}).scalar())


def release(session: Session, holder: str) -> None:
    """Let the next go on with it at once."""
    session.execute(_RELEASE, {"holder": holder})


def note_step(session: Session, holder: str, step: Step) -> None:
    """Note what is done next. Raises TakenOver."""
    _own(session.execute(_STEP, {"holder": holder, "step": step}).scalar())


def note_position(session: Session, holder: str, position: tuple[str, str], written: int) -> None:
    """Note how far the target is filled (publisher and customer ID), and by how many. Raises TakenOver."""
    parameters = {"holder": holder, "publisher_id": position[0], "customer_id": position[1], "written": written}
    _own(session.execute(_POSITION, {**parameters, "seconds": HOLD_SECONDS}).scalar())


def restart(session: Session, holder: str) -> None:
    """Begin it again, for the same index. Raises TakenOver."""
    _own(session.execute(_RESTART, {"holder": holder, "step": Step.CREATING}).scalar())


def end(session: Session, holder: str) -> None:
    """It is done, or given up."""
    session.execute(_END, {"holder": holder})


def add_target(session: Session, holder: str, *, name: str, normalizer: int) -> None:
    """From its commit on every write goes to ``name``, too, and is made with this normalizer at least; filling follows.

    Raises TakenOver.
    """
    note_step(session, holder, Step.FILLING)
    session.execute(_TARGET, {"name": name, "normalizer": normalizer})
    session.execute(_NORMALIZER, {"normalizer": normalizer})
    session.execute(_STOP_OLDER)


def remove_target(session: Session, name: str) -> None:
    """From its commit on no write is meant for ``name``, unless that is what is in service."""
    session.execute(_NO_TARGET, {"name": name, "in_service": IN_SERVICE})


def note_promoted(session: Session, holder: str, *, name: str) -> None:
    """``name`` is in service, where every write goes anyway. What the index before refused is tried at once.

    Raises TakenOver.
    """
    note_step(session, holder, Step.RETIRING)
    remove_target(session, name)
    session.execute(_RETRY_REFUSED)


def newest_version(session: Session) -> int:
    """The last ``doc_version`` that was drawn."""
    return int(session.execute(_NEWEST).scalar_one())


def waiting(session: Session, version: int) -> int:
    """How many customers are marked with at most this ``doc_version``, apart from those whom the engine refuses."""
    return int(session.execute(_WAITING, {"version": version}).scalar_one())


def _own(found: object) -> None:
    if found is None:
        raise TakenOver

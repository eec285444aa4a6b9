"""Having parked messages handled after all, once what kept them from it is mended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from servicekit.db.database import Database
from servicekit.db.tables import parked_message
from servicekit.dispatch import Dispatcher
from servicekit.events import Event, MalformedEvent
from servicekit.parking import NO_EVENT, describe


@dataclass(frozen=True, slots=True)
class Replayed:
    """Which parked messages were handled now, and which still can't be, with the reason."""

    done: tuple[str, ...]
    failed: dict[str, str]


class NotSubscribed(Exception):
    """Nobody here handles events of this type any more."""


_REASONS = {MalformedEvent: NO_EVENT, NotSubscribed: "nobody here handles this type any more"}


def replay_parked(
    dispatcher: Dispatcher, *, app: Database, system: Database, ids: Collection[str] | None = None
) -> Replayed:
    """Run what this consumer has parked (all of it, or ``ids``) through its subscriptions again, the oldest first.

    Each in a transaction of its own, in which its row goes; one that fails again stays with its new reason. Two replays
    at once, and a worker meanwhile, do no harm. Raises SQLAlchemyError when the database is down.
    """
    done: list[str] = []
    failed: dict[str, str] = {}
    for row_id in _waiting(dispatcher.name, system, ids):
        try:
            if _replay(dispatcher, app, system, row_id):
                done.append(row_id)
        except Exception as error:
            failed[row_id] = _REASONS.get(type(error)) or describe(error)
            with system.transaction() as session:
                session.execute(
                    update(parked_message).where(parked_message.c.id == row_id).values(reason=failed[row_id])
                )
    return Replayed(tuple(done), failed)


def _waiting(consumer: str, system: Database, ids: Collection[str] | None) -> list[str]:
    chosen = parked_message.c.consumer == consumer
    if ids is not None:
        chosen &= parked_message.c.id.in_(ids)
    query = select(parked_message.c.id).where(chosen).order_by(parked_message.c.parked_at, parked_message.c.id)
    with system.transaction() as session:
        return list(session.scalars(query))


def _replay(dispatcher: Dispatcher, app: Database, system: Database, row_id: str) -> bool:
    with system.transaction() as session:
        body = session.execute(select(parked_message.c.body).where(parked_message.c.id == row_id)).scalar_one_or_none()
    if body is None:
        return False
    event = Event.from_json(bytes(body))
    if event.type not in dispatcher.subscriptions:
        raise NotSubscribed
    with app.transaction(event.publisher_id) as session:
        # The people before the row, as an erasure takes them: else each could wait for the other.
        dispatcher.screen(session, event.publisher_id, [event])
        # Whoever deletes the row handles the message: two replays at once don't both do it.
        gone = session.scalars(
            delete(parked_message).where(parked_message.c.id == row_id).returning(parked_message.c.id)
        ).all()
        if gone:
            dispatcher.dispatch(session, event.publisher_id, [event])
    return bool(gone)

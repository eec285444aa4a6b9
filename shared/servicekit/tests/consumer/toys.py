"""A toy service: copies customers, notes what happened, erases people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.bus import Message
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.feed import FeedItem
from servicekit.ids import new_id
from servicekit.subscriptions import Effect, Erasure, State, Subscriptions
from servicekit.testing.queues import MemoryQueue

EDITED, LOGGED_IN, ERASED = "shop.customer.edited.v1", "shop.customer.logged_in.v1", "shop.customer.erased.v1"
_COPY = text(
    """
    INSERT INTO copy (publisher_id, subject, version, name) VALUES (:publisher_id, :subject, :version, :name)
    ON CONFLICT (subject) DO UPDATE SET version = excluded.version, name = excluded.name
    WHERE copy.version < excluded.version
    """
)


def event(
    subject: str = "cus_1", version: int = 1, *, type_: str = EDITED, publisher: str = "pub_1", **data: Any
) -> Event:
    return Event(
        id=new_id("evt"),
        type=type_,
        source="shop",
        subject=subject,
        time=datetime(2026, 3, 1, tzinfo=UTC),
        publisher_id=publisher,
        aggregate_version=version,
        data={"name": f"{subject} {version}", **data},
        datasubject=subject,
    )


def message(one: Event) -> Message:
    return Message(id=one.id, type=one.type, body=one.to_json(), headers={})


def copy_customers(session: Session, events: Sequence[Event]) -> None:
    for one in events:
        if one.data.get("poison"):
            session.execute(text("SELECT 1/0"))
        copy(session, one.publisher_id, one.subject, one.aggregate_version, one.data["name"])


def copy(session: Session, publisher_id: str, subject: str, version: int, name: str | None) -> None:
    row = {"publisher_id": publisher_id, "subject": subject, "version": version, "name": name}
    session.execute(_COPY, row)


def copy_items(session: Session, items: Sequence[FeedItem]) -> None:
    for item in items:
        copy(session, item.publisher_id, item.subject, item.version, None if item.deleted else item.data["name"])


def note_login(session: Session, one: Event) -> None:
    if one.data.get("poison"):
        raise ValueError(f"can't note the login of {one.data['name']}")
    session.execute(
        text("INSERT INTO done (publisher_id, event_id, person) VALUES (:publisher, :event, :person)"),
        {"publisher": one.publisher_id, "event": one.id, "person": one.datasubject},
    )


def erase(session: Session, one: Event) -> None:
    session.execute(text("UPDATE copy SET name = NULL WHERE subject = :subject"), {"subject": one.datasubject})
    session.execute(text("DELETE FROM done WHERE person = :person"), {"person": one.datasubject})


SUBSCRIPTIONS: Subscriptions = {
    EDITED: State(copy_customers),
    LOGGED_IN: Effect(note_login),
    ERASED: Erasure(erase),
}


def worker(
    queue: MemoryQueue,
    app: Database,
    system: Database,
    subscriptions: Subscriptions = SUBSCRIPTIONS,
    batch: int = 100,
    **more: Any,
) -> EventConsumer:
    return EventConsumer(
        name="toy", consumer=queue, app=app, system=system, subscriptions=subscriptions, batch=batch, **more
    )


def copied(app: Database, publisher: str = "pub_1") -> dict[str, tuple[int, str | None]]:
    with app.transaction(publisher) as session:
        rows = session.execute(text("SELECT subject, version, name FROM copy"))
        return {subject: (version, name) for subject, version, name in rows}


def done(app: Database, publisher: str = "pub_1") -> list[tuple[str, str]]:
    with app.transaction(publisher) as session:
        rows = session.execute(text("SELECT event_id, person FROM done ORDER BY number"))
        return [(event_id, person) for event_id, person in rows]


def until_empty(queue: MemoryQueue, step: Callable[[], int]) -> None:
    while not queue.is_empty:
        step()

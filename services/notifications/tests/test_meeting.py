"""A mail and the customer it is for come at the same moment, in two processes: the mail goes out in any case."""

from __future__ import annotations

import threading
from time import monotonic

import pytest
from sqlalchemy import text

from servicekit.dispatch import Dispatcher
from servicekit.events import Event
from services.notifications.handlers import QUEUE, subscriptions
from services.notifications.tests.conftest import MAIL, World, created, event

WAITING = text(
    """SELECT count(*) FROM pg_locks JOIN pg_database AS here ON here.oid = pg_locks.database
    WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"""
)


def purchase(customer_id: str) -> Event:
    """A purchase of theirs was paid."""
    data = {
        "id": "txn_1",
        "kind": "purchase",
        "channel": "web",
        "amount": {"amount_minor": 999, "currency": "EUR"},
        "created_at": "2026-03-12T09:30:00Z",
    }
    return event("billing.transaction.succeeded.v1", "txn_1", data, datasubject=customer_id)


@pytest.mark.parametrize("first", ["customer", "purchase"])
def test_neither_misses_what_the_other_has_not_committed(world: World, first: str) -> None:
    made = created(imported=True)
    both = {"customer": made, "purchase": purchase(made.subject)}
    second = next(both[name] for name in both if name != first)
    other = threading.Thread(target=world.take, args=(second,))
    latest = monotonic() + 10
    with world.app.transaction("pub_a") as session:
        Dispatcher(QUEUE, subscriptions(MAIL)).dispatch(session, "pub_a", [both[first]])
        other.start()
        while other.is_alive() and not session.scalar(WAITING):
            assert monotonic() < latest, "it neither waits for the first one nor ends"
            other.join(0.01)
    other.join(10)
    assert {mail.to_address for mail in world.emails()} == {"anna@example.com"}
    assert world.sender.step() == 2

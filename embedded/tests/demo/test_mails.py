"""The demo customers' mails: a log that looks like a past, the same for the same seed, and nothing to be sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from embedded.demo.filling import fill
from embedded.demo.mails import fill_mails
from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.db.tables import outbox
from servicekit.dispatch import Dispatcher
from servicekit.events import Event
from servicekit.testing.databases import template
from services.billing.app import MIGRATIONS as BILLING
from services.customers.app import MIGRATIONS as CUSTOMERS
from services.customers.models import Customer
from services.notifications.app import MIGRATIONS as NOTIFICATIONS
from services.notifications.handlers import QUEUE, SUBSCRIPTIONS
from services.notifications.models import Email, Reminder

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COUNT = 150


def _migrate(where: Path, _name: str, url: str) -> None:
    migrate(url, where)


Filled = dict[str, Database]


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    with ExitStack() as stack:
        made: Filled = {}
        for name, migrations in (("customers", CUSTOMERS), ("billing", BILLING), ("notifications", NOTIFICATIONS)):
            one = stack.enter_context(template(f"demom{name[0]}", partial(_migrate, migrations)))
            made[name] = Database(one.copy().urls.app, pool_size=2)
            stack.callback(made[name].close)
        fill(
            made["customers"], billing=made["billing"], publisher_id="pub_demo", count=COUNT, now=NOW,
            done=lambda _: None,
        )  # fmt: skip
        _fill_mails(made)
        yield made


def _fill_mails(filled: Filled) -> None:
    fill_mails(
        **filled, publisher_id="pub_demo", publisher_name="Demo & Co", owner=("stf_1", "Olivia"), count=COUNT, now=NOW
    )


def _log(filled: Filled) -> list[Email]:
    with filled["notifications"].transaction("pub_demo") as session:
        return list(session.scalars(select(Email).order_by(Email.created_at, Email.kind, Email.event_id)))


def test_there_are_mails_of_many_kinds_in_many_states(filled: Filled) -> None:
    mails = _log(filled)
    kinds, statuses = Counter(mail.kind for mail in mails), Counter(mail.status for mail in mails)
    assert set(kinds) >= {
        "welcome", "access_purchased", "receipt", "invoice", "subscription_renewed", "subscription_stopped",
        "failed_payment", "payment_reminder", "refund_confirmation", "renewal_announcement",
    }  # fmt: skip
    assert set(statuses) == {"sent", "failed", "bounced", "generated_not_sent"}
    assert statuses["sent"] > 0.85 * len(mails)
    assert len({mail.language for mail in mails}) == 6
    assert max(Counter(mail.customer_id for mail in mails).values()) <= 9


def test_each_is_of_the_past_and_can_be_looked_at(filled: Filled) -> None:
    with filled["customers"].transaction("pub_demo") as session:
        people = {each.id: each for each in session.scalars(select(Customer))}
    for mail in _log(filled):
        assert mail.created_at <= NOW
        assert mail.to_address == people[mail.customer_id].email
        assert mail.subject
        assert "Demo &amp; Co" in (mail.html or "")
        assert mail.text
        assert (mail.failure_code is not None) == (mail.status in ("failed", "bounced"))
    assert all(mail.invoice_number for mail in _log(filled) if mail.kind == "invoice")


def test_a_second_fill_changes_nothing(filled: Filled) -> None:
    before = [(mail.id, mail.created_at, mail.status) for mail in _log(filled)]
    _fill_mails(filled)
    assert [(mail.id, mail.created_at, mail.status) for mail in _log(filled)] == before


def _published(database: Database) -> list[Event]:
    with database.transaction("pub_demo") as session:
        payloads: list[Any] = list(session.scalars(select(outbox.c.payload).order_by(outbox.c.seq)))
    return [Event.from_json(payload) for payload in payloads]


def test_what_the_demo_s_making_tells_calls_for_no_mail(filled: Filled) -> None:
    before = len(_log(filled))
    events = [event for name in ("customers", "billing") for event in _published(filled[name])]
    taken = [event for event in events if event.type in SUBSCRIPTIONS]
    assert {event.type for event in taken} >= {"customers.customer.created.v1", "billing.invoice.issued.v1"}
    for event in taken:
        with filled["notifications"].transaction("pub_demo") as session:
            Dispatcher(QUEUE, SUBSCRIPTIONS).dispatch(session, "pub_demo", [event])
    assert len(_log(filled)) == before
    with filled["notifications"].transaction("pub_demo") as session:
        assert not session.scalars(select(Reminder).where(Reminder.due_at <= NOW)).all()


def test_the_same_seed_makes_the_same_log(filled: Filled) -> None:
    told = [(mail.kind, mail.status, mail.created_at, mail.subject, mail.to_address) for mail in _log(filled)]
    again = {name: database for name, database in filled.items() if name != "notifications"}
    with template("demomx", partial(_migrate, NOTIFICATIONS)) as made:
        other = Database(made.copy().urls.app, pool_size=2)
        _fill_mails({**again, "notifications": other})
        mails = _log({"notifications": other})
        other.close()
    assert [(mail.kind, mail.status, mail.created_at, mail.subject, mail.to_address) for mail in mails] == told

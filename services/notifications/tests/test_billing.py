"""What billing tells becomes mails: from the examples that billing publishes as its contracts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from servicekit.events import Event
from servicekit.ids import new_id
from services.notifications.delivery.port import Deferred
from services.notifications.tests.conftest import Api, World, anonymized, created

CONTRACTS = Path(__file__).resolve().parents[2] / "billing" / "contracts"


def told(kind: str, customer_id: str, /, **changes: Any) -> Event:
    """Billing's example of a kind, about this customer, with some fields changed."""
    event = Event.from_json((CONTRACTS / f"billing.{kind}.v1.json").read_text())
    data = {**event.data, "customer_id": customer_id, **changes}
    return replace(
        event, id=new_id("evt"), publisher_id="pub_a", datasubject=customer_id, data=json.loads(json.dumps(data))
    )


@pytest.fixture
def customer_id(world: World, api: Api) -> str:
    api.set(kinds={"welcome": False})
    return world.customer()


@pytest.mark.parametrize(
    ("kind", "mails"),
    [
        ("transaction.succeeded", ["access_purchased", "receipt"]),
        ("transaction.failed", ["failed_payment"]),
        ("transaction.refunded", ["refund_confirmation"]),
        ("subscription.renewed", ["subscription_renewed"]),
        ("subscription.past_due", ["payment_reminder"]),
        ("subscription.cancelled", ["subscription_stopped"]),
        ("subscription.switched", ["subscription_switched"]),
        ("access.expired", ["access_expired"]),
        ("invoice.issued", ["invoice"]),
        ("subscription.started", []),
        ("subscription.imported", []),
        ("payment_method.attached", []),
    ],
)
def test_an_event_calls_for_its_mails_once(world: World, customer_id: str, kind: str, mails: list[str]) -> None:
    event = told(kind, customer_id)
    world.take(event)
    world.take(event)
    assert [mail.kind for mail in world.emails()] == mails
    assert all(mail.html and mail.subject and "{{" not in mail.html for mail in world.emails())
    while world.sender.step():
        pass
    assert {mail.status for mail in world.emails()} <= {"sent"}


def test_money_and_days_are_written_as_the_customer_reads_them(world: World, api: Api) -> None:
    api.set(time_zone="Asia/Tokyo")
    buyer = world.customer(language="de")
    world.take(told("transaction.succeeded", buyer, amount={"amount_minor": 1299, "currency": "JPY"}, kind="renewal"))
    receipt = world.emails()[-1]
    assert "1.299\xa0¥" in (receipt.text or "") or "1.299 ¥" in (receipt.text or "")
    assert "1. März 2026" in (receipt.text or "")
    assert "Visa •••• 4242" in (receipt.text or "")


@pytest.mark.parametrize("channel", ["apple", "google", "roku", "amazon"])
def test_what_was_bought_in_an_app_gets_no_mail(world: World, customer_id: str, channel: str) -> None:
    for kind in ("transaction.succeeded", "transaction.refunded", "subscription.renewed", "subscription.cancelled"):
        world.take(told(kind, customer_id, channel=channel))
    world.take(told("access.expired", customer_id), told("invoice.issued", customer_id, channel=channel))
    world.take(_before_origins(told("invoice.issued", customer_id)))
    assert world.emails() == []


def _before_origins(invoice: Event) -> Event:
    """As former versions told of invoices."""
    return replace(
        invoice, data={name: value for name, value in invoice.data.items() if name not in ("channel", "origin")}
    )


class TestWhatIsPast:
    """What happened elsewhere was told of there. What happens here to what came from there is told of."""

    @pytest.mark.parametrize(
        "kind",
        ["transaction.succeeded", "transaction.failed", "invoice.issued", "subscription.imported"],
    )
    def test_what_was_imported_gets_no_mail(self, world: World, customer_id: str, kind: str) -> None:
        world.take(told(kind, customer_id, origin="import"))
        assert world.emails() == []

    def test_its_refund_here_gets_one(self, world: World, customer_id: str) -> None:
        world.take(told("transaction.refunded", customer_id, origin="import"))
        assert [mail.kind for mail in world.emails()] == ["refund_confirmation"]

    @pytest.mark.parametrize("kind", ["subscription.renewed", "subscription.past_due", "subscription.cancelled"])
    def test_what_becomes_of_an_imported_subscription_gets_one(self, world: World, customer_id: str, kind: str) -> None:
        imported = told("subscription.imported", customer_id, origin="import")
        world.take(imported, told(kind, customer_id, origin="import"))
        assert len(world.emails()) == 1

    def test_what_was_due_before_it_was_imported_is_not_told_of(self, world: World, customer_id: str) -> None:
        # Of 12 March: a payment in three days and a card of this month.
        subscription = told("subscription.imported", customer_id, next_payment_at="2026-03-15T08:00:00Z")
        card = told("payment_method.attached", customer_id, expiry_month=3, expiry_year=2026)
        world.take(*(replace(each, time=world.clock.now) for each in (subscription, card)))
        world.clock.forward(hours=1)
        assert world.scheduler.step() == 0
        assert world.emails() == []


def test_a_renewal_that_fails_first_gets_a_reminder_and_later_a_failure(world: World, customer_id: str) -> None:
    world.take(told("transaction.failed", customer_id, kind="renewal", attempt=1))
    world.take(told("subscription.past_due", customer_id))
    world.take(told("transaction.failed", customer_id, kind="renewal", attempt=2))
    assert [mail.kind for mail in world.emails()] == ["payment_reminder", "failed_payment"]
    assert "April 2, 2026" in (world.emails()[0].text or "")


def test_a_mail_that_comes_before_its_customer_waits_for_them(world: World) -> None:
    event = created(registered_at="2020-01-01T00:00:00Z")
    world.take(told("transaction.refunded", event.subject))
    assert [mail.status for mail in world.emails()] == ["queued"]
    assert world.sender.step() == 0
    world.take(event)
    assert world.sender.step() == 1
    assert world.transport.taken[0].to_address == "anna@example.com"


def test_what_waited_in_the_queue_for_days_is_written_once(world: World, customer_id: str) -> None:
    event = told("transaction.succeeded", customer_id, kind="renewal")
    world.clock.forward(days=9)  # the worker was down
    world.take(event)
    world.clock.forward(days=-3)  # the clock was wrong
    world.take(event)
    assert world.scheduler.step() == 1, "it is due at once, whatever the clock said when it was written"
    assert world.sender.step() == 1
    assert world.scheduler.step() == 0
    assert [mail.kind for mail in world.emails()] == ["receipt"]


def test_what_waits_for_its_customer_or_was_put_off_is_not_due_by_that(world: World, customer_id: str) -> None:
    world.take(told("transaction.refunded", "cus_06h5yvkg1scm7h3b8k5rqt2zzz"))
    world.take(told("transaction.refunded", customer_id))
    world.transport.answers = [Deferred("deferred")]
    world.sender.step()
    assert world.scheduler.step() == 0
    assert world.sender.step() == 0


class TestReminders:
    """Mails that are written later: once, whatever the clock and the process do."""

    def _started(self, customer_id: str, version: int = 1, **changes: Any) -> Event:
        event = told("subscription.started", customer_id, **changes)
        return replace(event, aggregate_version=version, time=datetime(2026, 3, 1, 8, tzinfo=UTC))

    def test_a_renewal_is_announced_once_before_it_happens(self, world: World, customer_id: str) -> None:
        world.take(self._started(customer_id))  # its next payment is on 1 April
        world.clock.now = datetime(2026, 3, 25, 7, tzinfo=UTC)
        assert world.scheduler.step() == 0
        world.clock.now = datetime(2026, 3, 26, 7, tzinfo=UTC)  # a day later: the process was down
        assert world.scheduler.step() == 1
        assert world.sender.step() == 1
        world.clock.now = datetime(2026, 3, 20, 7, tzinfo=UTC)  # the clock jumps back
        assert world.scheduler.step() == 0
        world.clock.now = datetime(2026, 3, 27, 7, tzinfo=UTC)
        assert world.scheduler.step() == 0
        assert [mail.kind for mail in world.emails()] == ["renewal_announcement"]
        assert "April 1, 2026" in (world.emails()[0].subject or "")

    def test_after_the_renewal_it_is_not_announced_any_more(self, world: World, customer_id: str) -> None:
        world.take(self._started(customer_id))
        world.clock.now = datetime(2026, 4, 2, tzinfo=UTC)
        assert world.scheduler.step() == 1
        assert world.emails() == []

    def test_what_is_due_stays_so_whatever_else_is_told_before_it_is_written(
        self, world: World, customer_id: str
    ) -> None:
        world.take(self._started(customer_id))
        world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)  # the scheduler was down since the 25th
        changed = told("subscription.changed", customer_id, next_payment_at="2026-04-01T08:00:00.000000Z")
        world.take(replace(changed, aggregate_version=2, time=world.clock.now))
        assert world.scheduler.step() == 1
        assert world.scheduler.step() == 0
        assert [mail.kind for mail in world.emails()] == ["renewal_announcement"]

    def test_a_subscription_that_is_cancelled_is_not_announced(self, world: World, customer_id: str) -> None:
        world.take(self._started(customer_id))
        world.take(told("subscription.cancelled", customer_id))
        world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
        assert world.scheduler.step() == 0

    def test_an_older_state_that_comes_late_changes_nothing_planned(self, world: World, customer_id: str) -> None:
        world.take(self._started(customer_id, version=5))
        world.take(self._started(customer_id, version=4, next_payment_at="2026-06-01T08:00:00Z"))
        world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
        assert world.scheduler.step() == 1

    def test_a_card_s_last_month_is_told_of_once(self, world: World, customer_id: str) -> None:
        world.take(told("payment_method.attached", customer_id))  # good through August 2030
        world.clock.now = datetime(2030, 8, 3, tzinfo=UTC)
        assert world.scheduler.step() == 1
        assert world.scheduler.step() == 0
        (mail,) = world.emails()
        assert mail.kind == "card_expiring"
        assert "August 2030" in (mail.text or "")

    def test_a_card_that_was_deleted_is_not_told_of(self, world: World, customer_id: str) -> None:
        world.take(told("payment_method.attached", customer_id), told("payment_method.detached", customer_id))
        world.clock.now = datetime(2030, 8, 3, tzinfo=UTC)
        assert world.scheduler.step() == 0

    def test_whoever_is_erased_is_reminded_of_nothing(self, world: World, customer_id: str) -> None:
        world.take(self._started(customer_id))
        world.take(anonymized(customer_id))
        world.sender.step()
        world.scheduler.step()
        world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
        assert world.scheduler.step() == 0
        assert [mail.kind for mail in world.emails()] == ["account_anonymized"]

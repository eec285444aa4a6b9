"""A service that is new, or made anew, knows what billing has: it reminds as if it had been there, not of the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from servicekit.events import Event
from servicekit.feed import FeedItem, FeedPage
from services.notifications.starting import sources
from services.notifications.tests.conftest import MAIL, World, created
from services.notifications.tests.test_billing import told


def _item(event: Event, **more: Any) -> FeedItem:
    given = {"subject": event.subject, "version": event.aggregate_version, "deleted": False, "data": event.data, **more}
    return FeedItem(publisher_id="pub_a", datasubject=event.datasubject, **given)


def _answer(page: FeedPage, _cursor: str | None) -> FeedPage:
    return page


class Feeds:
    """What other services have."""

    def __init__(self, **items: list[FeedItem]) -> None:
        self._items = items

    def read(self, world: World) -> None:
        """Start from it, as the worker does."""
        for source in sources(MAIL):
            page = FeedPage(self._items.get(source.name, []), None)
            source.read(partial(_answer, page), world.app, afresh=True)


def _world_of(customer: Event, **changes: Any) -> Feeds:
    method = told("payment_method.attached", customer.subject)
    subscription = told("subscription.started", customer.subject, payment_method_id=method.subject, **changes)
    return Feeds(
        customers=[_item(customer)], payment_methods=[_item(method)], subscriptions=[_item(subscription, version=3)]
    )


def test_what_there_is_is_reminded_of(world: World) -> None:
    customer = created()
    _world_of(customer).read(world)
    assert world.emails() == []
    world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
    assert world.scheduler.step() == 1
    world.clock.now = datetime(2030, 8, 3, tzinfo=UTC)
    assert world.scheduler.step() == 1
    announcement, card = world.emails()
    assert (announcement.kind, card.kind) == ("renewal_announcement", "card_expiring")
    assert "Visa •••• 4242" in (announcement.text or "")
    assert announcement.to_address == "anna@example.com"


def test_started_anew_it_does_not_announce_again_what_was_due(world: World) -> None:
    customer = created()
    world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)  # six days before the payment: it was announced yesterday
    _world_of(customer).read(world)
    assert world.scheduler.step() == 0
    assert world.emails() == []


def test_a_newer_event_is_not_undone_by_the_feed(world: World) -> None:
    customer = created()
    world.take(customer)
    sent = len(world.emails())
    cancelled = told("subscription.cancelled", customer.subject)
    world.take(replace(cancelled, aggregate_version=9))
    _world_of(customer).read(world)
    world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
    assert world.scheduler.step() == 0
    assert [mail.kind for mail in world.emails()][sent:] == ["subscription_stopped"]


def test_read_again_it_plans_nothing_twice(world: World) -> None:
    feeds = _world_of(created())
    feeds.read(world)
    feeds.read(world)
    world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
    assert world.scheduler.step() == 1
    assert world.scheduler.step() == 0
    assert len(world.emails()) == 1


def test_of_transactions_only_those_from_apps_are_kept_and_what_they_gave_ends_in_silence(world: World) -> None:
    customer = created()
    web = told("transaction.succeeded", customer.subject)
    app = told("transaction.succeeded", customer.subject, channel="apple")
    items = [_item(web, subject="txn_06h5yvkg1scm7h3b8k5rqt2xz0"), _item(app, subject="txn_06h5yvkg1scm7h3b8k5rqt2xz1")]
    Feeds(customers=[_item(customer)], transactions=items).read(world)
    for number in (0, 1):
        bought = f"txn_06h5yvkg1scm7h3b8k5rqt2xz{number}"
        world.take(told("access.expired", customer.subject, subscription_id=None, transaction_id=bought))
    (mail,) = world.emails()
    assert mail.transaction_id == "txn_06h5yvkg1scm7h3b8k5rqt2xz0"


def test_nothing_of_an_erased_customer_is_taken_in(world: World) -> None:
    customer = created()
    feeds = _world_of(customer)
    gone = _item(customer, deleted=True, data={}, version=9)
    Feeds(customers=[gone]).read(world)
    feeds.read(world)
    world.clock.now = datetime(2026, 3, 26, tzinfo=UTC)
    assert world.scheduler.step() == 0
    assert world.emails() == []

"""The feeds from which others begin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from servicekit import clock
from servicekit.db.database import Database
from services.billing.erasure import erase_customer
from services.billing.tests.conftest import Api, outbox_of

NOUNS = {
    "accounts": "billing.account.changed.v1",
    "transactions": "billing.transaction.succeeded.v1",
    "subscriptions": "billing.subscription.started.v1",
    "payment_methods": "billing.payment_method.attached.v1",
}


def feed(api: Api, noun: str, *, limit: int = 500, as_: str = "search") -> list[dict[str, Any]]:
    """All of a feed's items, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        answer = api.app.test_client().get(
            f"/internal/feed/{noun}", query_string=query, headers={"Authorization": f"Bearer {as_}"}
        )
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json or {}
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@pytest.mark.parametrize("noun", NOUNS)
def test_a_feed_says_what_the_newest_event_said(api: Api, system_database: Database, noun: str) -> None:
    for _ in range(3):
        customer = api.customer()
        api.method(customer)
        api.buy(customer, api.offer()["id"])
    told = {event.subject: event for event in outbox_of(system_database) if event.type == NOUNS[noun]}
    items = feed(api, noun, limit=2)
    assert len(items) == 3
    for item in items:
        newest = told[item["subject"]]
        assert item["data"] == newest.data
        assert item["version"] == newest.aggregate_version
        assert (item["datasubject"], item["deleted"]) == (newest.datasubject, False)


@pytest.mark.parametrize("noun", NOUNS)
def test_of_an_erased_customer_a_feed_has_nothing_personal(api: Api, database: Database, noun: str) -> None:
    customer = api.customer()
    api.method(customer)
    api.buy(customer, api.offer()["id"], external_order_id="ORDER-CANARY")
    with database.transaction("pub_a") as session:
        erase_customer(session, publisher_id="pub_a", customer_id=customer, version=9, now=clock.now())
    (item,) = feed(api, noun)
    assert item["deleted"]
    assert "4242" not in str(item["data"])
    assert "ORDER-CANARY" not in str(item["data"])


def test_only_our_own_services_read_feeds(api: Api) -> None:
    for caller in ("a", "customers"):
        answer = api.app.test_client().get("/internal/feed/accounts", headers={"Authorization": f"Bearer {caller}"})
        assert answer.status_code == 403


@pytest.mark.parametrize("noun", NOUNS)
def test_a_page_of_a_feed_costs_the_same_however_many_offers_are_in_it(
    api: Api, system_database: Database, noun: str
) -> None:
    customer = api.customer()
    api.method(customer)
    for _ in range(4):
        api.buy(customer, api.offer()["id"])
    few, many = (statements_for(system_database, partial(feed_page, api, noun, size)) for size in (1, 4))
    assert many == few


def test_a_page_of_subscriptions_costs_the_same_however_many_offers_are_in_it(api: Api, database: Database) -> None:
    customer = api.customer()
    api.method(customer)
    for _ in range(4):
        api.buy(customer, api.offer()["id"])
    for noun in ("subscriptions", "access"):
        pages = [f"{noun}?customer_id={customer}&limit={size}" for size in (1, 4)]
        few, many = (statements_for(database, partial(api.ok, "GET", page)) for page in pages)
        assert many == few


def feed_page(api: Api, noun: str, limit: int) -> None:
    answer = api.app.test_client().get(
        f"/internal/feed/{noun}?limit={limit}", headers={"Authorization": "Bearer search"}
    )
    assert answer.status_code == 200


def statements_for(database: Database, act: Callable[[], object]) -> int:
    """How many statements ``act`` sends."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        sqlalchemy_event.remove(database.engine, "before_cursor_execute", note)
    return len(sent)

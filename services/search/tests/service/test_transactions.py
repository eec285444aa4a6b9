"""Customers found by their transactions, from billing's events to the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from servicekit.ids import new_id
from servicekit.testing.databases import Template
from services.search.comparison import compare
from services.search.tests.service.rebuilding import made_system, run
from services.search.tests.service.shop import ORDER, REFERENCE, Shop
from services.search.tests.service.system import System, publisher, told, transaction


@pytest.fixture(scope="module", params=["postgres", pytest.param("opensearch", marks=pytest.mark.real("OpenSearch"))])
def shop(request: pytest.FixtureRequest, search_template: Template) -> Iterator[Shop]:
    with made_system(search_template, request.param) as made:
        yield Shop(made)


@pytest.mark.parametrize(
    ("typed", "whom"),
    [
        (ORDER, "ada"),
        (ORDER.lower(), "ada"),
        (f"{ORDER}..0", "ada"),
        ("GPA.3345-12", "ada"),
        ("gpa33451234567890123", "ada"),
        (f"{ORDER}..1", ""),
        ("GPA.9", ""),
        (REFERENCE, "ada"),
        ("order-1001", "bob"),
        ("ORDER1001", "bob"),
        ("lovelace GPA.3345", "ada"),
        ("ross GPA.3345", ""),
        ("GPA.3345 OR ORDER-1001", "bob ada"),
        ("country:US -ORDER-1001", "cy"),
        ("country:US NOT order:ORDER-1001", "cy"),
        (f'"{ORDER}"', "ada"),
        ('"GPA.3345"', ""),
        ("order:GPA", "ada"),
        ("order:W", "ada"),
        ("W-77", ""),
        ("order:ORDER-1001,W-77", "bob ada"),
        (f"order:{REFERENCE}", ""),
        ("reference:pi_3pqr8", "ada"),
        ("transaction:ORDER-1001", ""),
        ("lovelace", "ada"),
        ("2135557004", "cy"),
    ],
)
def test_found_by_what_the_customer_reads_from_a_receipt(shop: Shop, typed: str, whom: str) -> None:
    assert shop.found(typed) == whom.split()
    total = shop.answer(typed).get_json()["total"]
    assert total == {"value": len(whom.split()), "exact": True}


def test_found_by_transaction_ids(shop: Shop) -> None:
    for typed in (
        shop.web,
        shop.web.upper(),
        shop.web.removeprefix("txn_"),
        f"transaction:{shop.web}",
        f'"{shop.web}"',
    ):
        assert shop.found(typed) == ["ada"], typed
    assert shop.found("", filter=f"transaction:{shop.bobs}") == ["bob"]
    assert shop.found("", filter="order:GPA.3345", sort="last_name") == ["ada"]
    assert shop.found(new_id("txn")) == []


def test_a_hit_says_which_transaction_it_was(shop: Shop) -> None:
    for typed, attribute, value, how in (
        (ORDER, "external_order_id", ORDER, "identifier"),
        (f"{ORDER}..0", "external_order_id", f"{ORDER}..0", "identifier"),
        ("order-10", "external_order_id", "ORDER-1001", "prefix"),
        (shop.web, "transaction_id", shop.web, "identifier"),
        ("pi_3pqr8t", "provider_reference", REFERENCE, "prefix"),
    ):
        (item,) = shop.answer(typed).get_json()["items"]
        assert item["matched"] == [{"attribute": attribute, "value": value, "how": how}], typed


def test_exact_identifiers_rank_first(shop: Shop) -> None:
    """A whole order ID before somebody who is only called so, and before one that only begins so."""
    mine, (ada, bob, cy) = publisher(), sorted(new_id("cus") for _ in range(3))
    system = shop.system
    system.tell(told(mine, ada), told(mine, bob, last_name="X10010"), told(mine, cy))
    system.tell(transaction(mine, new_id("txn"), ada, external_order_id="X10010"))
    system.tell(transaction(mine, new_id("txn"), cy, external_order_id="X100101"))
    system.index()
    assert system.found(mine, "x10010") == [ada, bob, cy]


def test_pages_go_on_among_customers_found_by_transactions(shop: Shop) -> None:
    mine, ids = publisher(), sorted((new_id("cus") for _ in range(5)), reverse=True)
    shop.system.tell(*(told(mine, each) for each in ids))
    shop.system.tell(*(transaction(mine, new_id("txn"), each, external_order_id=f"PAGE-{each}") for each in ids))
    shop.system.index()
    found: list[str] = []
    cursor = None
    while True:
        parameters: dict[str, Any] = {"q": "order:PAGE", "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = shop.system.get(mine, **parameters).get_json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ids


def test_without_personal_data_only_our_own_ids_are_looked_for(shop: Shop) -> None:
    scopes = ("search:read",)
    (item,) = shop.answer(shop.web, scopes=scopes).get_json()["items"]
    assert (item["id"], item["email"]) == (shop.ada, None)
    assert item["matched"] == [{"attribute": "transaction_id", "value": shop.web, "how": "identifier"}]
    assert [item["id"] for item in shop.answer(f"transaction:{shop.bobs}", scopes=scopes).get_json()["items"]] == [
        shop.bob
    ]
    for typed in (ORDER, f"order:{ORDER}", f"reference:{REFERENCE}", "-order:X-1001"):
        refused = shop.answer(typed, scopes=scopes)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "personal_data_hidden"), typed


def test_a_rebuilt_index_has_them_too(shop: Shop) -> None:
    run(shop.system)
    shop.system.index()
    assert shop.found(ORDER) == ["ada"]
    result = compare(shop.system.app_database, shop.system.engine, shop.mine)
    assert (result.equal, result.index.customers, result.index.transactions) == (True, 3, 4)


def test_with_the_engine_down_whole_ids_are_still_answered(system: System) -> None:
    shop = Shop(system)
    system.engine.down = True
    for typed in (
        ORDER,
        shop.web,
        shop.web.removeprefix("txn_"),
        f"order:{ORDER}",
        f"transaction:{shop.first}",
        f'"{ORDER}"',
    ):
        answer = shop.answer(typed).get_json()
        assert (answer["degraded"], [item["id"] for item in answer["items"]]) == (True, [shop.ada]), typed
    assert shop.answer(ORDER).get_json()["items"][0]["matched"] == [
        {"attribute": "external_order_id", "value": ORDER, "how": "identifier"}
    ]
    assert shop.answer(new_id("txn")).get_json()["items"] == []
    for typed in ("GPA.3345", f"-{ORDER}", f"lovelace {ORDER}", "order:UNKNOWN-1"):
        assert shop.answer(typed).status_code == 503, typed

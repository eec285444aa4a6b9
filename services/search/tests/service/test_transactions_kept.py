"""What the projection and the index keep of transactions, and how they forget."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from servicekit.ids import new_id
from services.search.bought import MOST
from services.search.comparison import compare
from services.search.inbound.reading import UnreadableState
from services.search.inbound.transaction import transaction_told
from services.search.projected_transactions import doubt_transactions, empty_doubted_transactions
from services.search.tests.service.shop import ORDER, Shop
from services.search.tests.service.system import System, anonymized, publisher, told, transaction

LATER = "UPDATE search_dirty SET due_at = now() + interval '1 hour'"


def test_a_transaction_may_come_before_its_customer(system: System) -> None:
    mine, ada, bought = publisher(), new_id("cus"), new_id("txn")
    system.tell(transaction(mine, bought, ada, external_order_id="EARLY-1"))
    system.index()
    assert system.found(mine, "EARLY-1") == []
    system.tell(told(mine, ada))
    system.index()
    assert system.found(mine, "EARLY-1") == [ada]


def test_late_and_repeated_words_change_nothing(system: System) -> None:
    mine, ada, bought = publisher(), new_id("cus"), new_id("txn")
    system.tell(told(mine, ada))
    events = [
        transaction(mine, bought, ada, 1, "created"),
        transaction(mine, bought, ada, 2, "succeeded", external_order_id="SECOND-2"),
        transaction(mine, bought, ada, 3, "refunded", external_order_id="THIRD-3"),
    ]
    for event in (events[1], events[0], events[2], events[1], events[2], events[0]):
        system.tell(event)
    system.index()
    assert (system.found(mine, "SECOND-2"), system.found(mine, "THIRD-3")) == ([], [ada])
    assert compare(system.app_database, system.engine, mine).equal


def test_an_erasure_is_confirmed_when_every_transaction_is_gone(system: System) -> None:
    shop = Shop(system)
    system.tell(anonymized(shop.mine, shop.ada, 2))
    with system.app_database.transaction(shop.mine) as session:
        query = text("SELECT DISTINCT transaction, identifiers FROM search_transaction WHERE customer_id = :ada")
        assert [tuple(row) for row in session.execute(query, {"ada": shop.ada})] == [(None, [])]
    # Its own document first, its transactions later.
    with system.system_database.transaction() as session:
        session.execute(text(f"{LATER} WHERE customer_id LIKE 'txn%'"))
    system.index()
    assert system.confirmations() == []
    assert system.found(shop.mine, ORDER) == []
    system.expire_leases()
    system.index()
    assert [event.subject for event in system.confirmations()] == [shop.ada]
    assert shop.found("ORDER-1001") == ["bob"]
    with system.system_database.transaction() as session:
        left = session.execute(
            text("SELECT token FROM search_transaction_token WHERE customer_id = :ada"), {"ada": shop.ada}
        )
        assert left.all() == []
    system.tell(transaction(shop.mine, shop.web, shop.ada, 9, external_order_id="LATE-9"))
    system.index()
    assert system.found(shop.mine, "LATE-9") == []
    assert compare(system.app_database, system.engine, shop.mine).equal


def test_the_last_one_to_be_gone_may_be_the_customer(system: System) -> None:
    shop = Shop(system)
    system.tell(anonymized(shop.mine, shop.ada, 2))
    with system.system_database.transaction() as session:
        session.execute(text(f"{LATER} WHERE customer_id LIKE 'cus%'"))
    system.index()
    assert system.confirmations() == []
    system.expire_leases()
    system.index()
    assert [event.subject for event in system.confirmations()] == [shop.ada]


def test_transactions_that_the_owner_does_not_know_are_forgotten(system: System) -> None:
    shop = Shop(system)
    with system.app_database.transaction(shop.mine) as session:
        doubt_transactions(session, publisher_id=shop.mine, customers=[shop.ada, shop.bob])
    system.tell(transaction(shop.mine, shop.first, shop.ada, 1, external_order_id="BACK-1"))
    with system.app_database.transaction(shop.mine) as session:
        gone = empty_doubted_transactions(session, publisher_id=shop.mine, customers=[shop.ada, shop.bob])
    system.index()
    assert gone == 3
    assert (shop.found("BACK-1"), shop.found("ORDER-1001"), shop.found(ORDER)) == (["ada"], [], [])
    assert compare(system.app_database, system.engine, shop.mine).equal


def test_a_comparison_sees_transactions_that_are_not_as_they_should_be(system: System) -> None:
    shop = Shop(system)
    with system.system_database.transaction() as session:
        for statement in (
            "DELETE FROM search_transaction_token WHERE transaction_id = :a",
            "UPDATE search_transaction_document SET stored = '{}' WHERE transaction_id = :b",
            "DELETE FROM search_transaction_document WHERE transaction_id = :c",
        ):
            session.execute(text(statement), {"a": shop.first, "b": shop.web, "c": shop.bobs})
    result = compare(system.app_database, system.engine, shop.mine)
    assert (result.missing, sorted(result.different)) == ([shop.bobs], [shop.first, shop.web])


def test_a_purchase_that_a_token_names_is_found_before_the_index_has_it(system: System) -> None:
    shop = Shop(system)
    bought = new_id("txn")
    system.tell(transaction(shop.mine, bought, shop.cy, external_order_id="FRESH-1"))
    answer = shop.answer("FRESH-1", version_token=f"{shop.cy}.billing.0", wait_ms=0).get_json()
    assert [item["id"] for item in answer["items"]] == [shop.cy]
    assert answer["items"][0]["matched"][0]["value"] == "FRESH-1"


def test_more_than_can_be_looked_at_are_not_counted_exactly(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST == 1_000
    monkeypatch.setattr("services.search.bought.MOST", 2)
    monkeypatch.setattr("services.search.finding.MOST", 2)
    mine, ids = publisher(), [new_id("cus") for _ in range(3)]
    system.tell(*(told(mine, each) for each in ids))
    system.tell(*(transaction(mine, new_id("txn"), each, external_order_id=f"MANY-{each}") for each in ids))
    system.index()
    answer = system.get(mine, q="order:MANY").get_json()
    assert (len(answer["items"]), answer["total"]) == (2, {"value": 2, "exact": False})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "txn_06h5yvkg1scm7h3b8k5rqt2xzw"},
        {"id": "txn_06h5yvkg1scm7h3b8k5rqt2xzw", "customer_id": "txn_06h5yvkg1scm7h3b8k5rqt2xzw"},
        {
            "id": "txn_06h5yvkg1scm7h3b8k5rqt2xzw",
            "customer_id": "cus_06h5yvkg1scm7h3b8k5rqt2xzw",
            "external_order_id": 5,
        },
    ],
)
def test_a_transaction_of_another_form_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableState):
        transaction_told("txn_06h5yvkg1scm7h3b8k5rqt2xzw", 1, data)


def test_characters_that_a_database_cannot_hold_do_not_stop_it(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada), transaction(mine, new_id("txn"), ada, external_order_id="A\0B-1234"))
    system.index()
    assert compare(system.app_database, system.engine, mine).equal

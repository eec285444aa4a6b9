"""Customers found by their transactions, from billing's events to the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from servicekit.ids import new_id
from servicekit.testing.databases import Template
from services.search.bought import MOST
from services.search.comparison import compare
from services.search.inbound.reading import UnreadableState
from services.search.inbound.transaction import transaction_told
from services.search.projected_transactions import doubt_transactions, empty_doubted_transactions
from services.search.tests.service.rebuilding import made_system, run
from services.search.tests.service.system import System, anonymized, publisher, told, transaction

ORDER = "GPA.3345-1234-5678-90123"
REFERENCE = "pi_3PqR8t2eZvKYlo2C"
LATER = "UPDATE search_dirty SET due_at = now() + interval '1 hour'"


class Shop:
    """Ada bought twice, by Google with a renewal and on the web; Bob once; Cy never."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.mine = publisher()
        self.ada, self.bob, self.cy = sorted(new_id("cus") for _ in range(3))
        self.first, self.renewal, self.web, self.bobs = sorted(new_id("txn") for _ in range(4))
        system.tell(
            told(self.mine, self.ada, first_name="Ada", last_name="Lovelace", country="GB"),
            told(self.mine, self.bob, first_name="Bob", last_name="Ross", country="US"),
            told(self.mine, self.cy, first_name="Cy", phone="+1 213 555 7004", country="US"),
        )
        system.tell(
            transaction(self.mine, self.first, self.ada, external_order_id=ORDER),
            transaction(self.mine, self.renewal, self.ada, external_order_id=f"{ORDER}..0"),
            transaction(self.mine, self.web, self.ada, provider_reference=REFERENCE, external_order_id="W-77"),
            transaction(self.mine, self.bobs, self.bob, external_order_id="ORDER-1001"),
        )
        system.index()

    def found(self, q: str, **parameters: Any) -> list[str]:
        names = {self.ada: "ada", self.bob: "bob", self.cy: "cy"}
        return [names[each] for each in self.system.found(self.mine, q, **parameters)]

    def answer(self, q: str, **parameters: Any) -> Any:
        return self.system.get(self.mine, q=q, **parameters)


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

"""Transactions by their IDs, on each engine."""

from __future__ import annotations

import pytest

from services.search.engine.errors import MissingPublisher
from services.search.engine.indices import IN_SERVICE, Collection, every_document
from services.search.engine.port import Engine, IndexEntry, Outcome
from services.search.query.tree import Word
from services.search.query.words import OF_TRANSACTIONS, bought
from services.search.tests.engine.helpers import document, fill
from services.search.transactions import TransactionDocument, transaction_document

FIRST, SECOND, THIRD = (f"txn_06h5yvkg1scm7h3b8k5rqt{number}xzw" for number in "123")


def transaction(
    publisher_id: str, identifier: str, customer_id: str, *, version: int = 1, order: str = "", reference: str = ""
) -> TransactionDocument:
    state = {"external_order_id": order, "provider_reference": reference}
    filled = {name: value for name, value in state.items() if value}
    return transaction_document(publisher_id, identifier, customer_id, filled, doc_version=version)


def found(engine: Engine, publisher_id: str, typed: str, *attributes: str, exact: bool = False) -> list[str]:
    word = bought(typed, attributes or OF_TRANSACTIONS, exact=exact).word
    return [hit.id for hit in engine.find_transactions(publisher_id, word, limit=10)]


@pytest.fixture
def shop(engine: Engine, publisher_id: str) -> str:
    fill(
        engine,
        [
            transaction(publisher_id, FIRST, "cus_1", order="GPA.3345-1234-5678-90123", reference="pi_3PqR8t2eZvKYlo"),
            transaction(publisher_id, SECOND, "cus_1", order="GPA.3345-1234-5678-90123..0"),
            transaction(publisher_id, THIRD, "cus_2", order="ORDER-1001"),
            transaction("pub_other", FIRST, "cus_9", order="GPA.3345-1234-5678-90123"),
        ],
    )
    return publisher_id


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (FIRST, [FIRST]),
        (FIRST.upper(), [FIRST]),
        (FIRST.removeprefix("txn_"), [FIRST]),
        (FIRST[:-3], [FIRST]),
        ("txn_06h5yvkg1scm7h3b8k5rqt", [THIRD, SECOND]),
        ("txn_06h5", []),
        ("GPA.3345-1234-5678-90123", [FIRST]),
        ("gpa.3345-1234-5678-90123", [FIRST]),
        ("GPA3345123456789012 3".replace(" ", ""), [FIRST]),
        ("GPA.3345-1234-5678-90123..0", [SECOND]),
        ("gpa.3345", [SECOND]),
        ("order-1001", [THIRD]),
        ("order1001", [THIRD]),
        ("order-1", [THIRD]),
        ("1001", []),
        ("pi_3PqR8t2eZvKYlo", [FIRST]),
        ("pi_3pqr", [FIRST]),
        ("***", []),
    ],
)
def test_found_by_whole_ids_and_their_beginnings(engine: Engine, shop: str, typed: str, expected: list[str]) -> None:
    assert found(engine, shop, typed) == expected


def test_of_each_customer_one_and_whole_ones_first(engine: Engine, publisher_id: str) -> None:
    orders = [("cus_1", "X-100"), ("cus_1", "X-100..0"), ("cus_1", "X-100..1"), ("cus_2", "X-1000"), ("cus_3", "X-10")]
    ids = [f"txn_{number}" for number in range(len(orders))]
    fill(engine, [transaction(publisher_id, ids[n], who, order=order) for n, (who, order) in enumerate(orders)])
    assert found(engine, publisher_id, "X-100") == ["txn_0", "txn_3"]
    assert found(engine, publisher_id, "X-10") == ["txn_4", "txn_3", "txn_2"]
    assert len(engine.find_transactions(publisher_id, bought("X-10").word, limit=2)) == 2


def test_only_in_the_attributes_that_are_named(engine: Engine, shop: str) -> None:
    assert found(engine, shop, "GPA.3345-1234-5678-90123", "transaction_id") == []
    assert found(engine, shop, "GPA.3345-1234-5678-90123", "external_order_id") == [FIRST]
    assert found(engine, shop, "GPA.3345", exact=True) == []
    assert found(engine, shop, "order-1001", exact=True) == [THIRD]


def test_a_hit_says_whose_it_is_and_what_it_is_found_by(engine: Engine, shop: str) -> None:
    (hit,) = engine.find_transactions(shop, bought("order-1001").word, limit=5)
    assert (hit.id, hit.customer_id, hit.stored) == (THIRD, "cus_2", {"external_order_id": "ORDER-1001"})


def test_versions_decide_and_tombstones_stay(engine: Engine, publisher_id: str) -> None:
    fill(engine, [transaction(publisher_id, FIRST, "cus_1", version=5, order="NEW-77")])
    (late,) = engine.write([transaction(publisher_id, FIRST, "cus_1", version=4, order="OLD-77")])
    assert (late.id, late.outcome) == (FIRST, Outcome.STALE)
    engine.refresh()
    assert found(engine, publisher_id, "old-77") == []
    fill(engine, [transaction(publisher_id, FIRST, "cus_1", version=6, order="NEWER-77")])
    assert (found(engine, publisher_id, "new-77"), found(engine, publisher_id, "newer-77")) == ([], [FIRST])
    fill(engine, [TransactionDocument(publisher_id, FIRST, "cus_1", 7, deleted=True)])
    assert engine.write([transaction(publisher_id, FIRST, "cus_1", version=6)])[0].outcome is Outcome.STALE
    engine.refresh()
    assert found(engine, publisher_id, "newer-77") == []
    assert engine.versions(publisher_id, [FIRST, "cus_1"]) == {FIRST: 7}
    assert engine.count(publisher_id, Collection.TRANSACTIONS) == 0


def test_customers_and_transactions_are_written_together_and_kept_apart(engine: Engine, publisher_id: str) -> None:
    entries: list[IndexEntry] = [transaction(publisher_id, FIRST, "cus_1", order="X-1001")]
    entries.append(document(publisher_id, "cus_1", version=2))
    entries += [document(publisher_id, "x" * 500), transaction(publisher_id, SECOND, "cus_1", version=3)]
    outcomes = [(result.id, result.outcome) for result in engine.write(entries)]
    assert outcomes == [
        (FIRST, Outcome.WRITTEN),
        ("cus_1", Outcome.WRITTEN),
        ("x" * 500, Outcome.REFUSED),
        (SECOND, Outcome.WRITTEN),
    ]
    engine.refresh()
    assert engine.versions(publisher_id, [SECOND, "cus_1", FIRST]) == {FIRST: 1, "cus_1": 2, SECOND: 3}
    assert [entry.id for entry in engine.dump(publisher_id)] == ["cus_1"]
    assert [entry.id for entry in engine.dump(publisher_id, Collection.TRANSACTIONS)] == [FIRST, SECOND]
    assert (engine.count(publisher_id), engine.count(publisher_id, Collection.TRANSACTIONS)) == (1, 2)


def test_what_is_in_the_index_can_be_read_back_and_removed(engine: Engine, publisher_id: str) -> None:
    written = transaction(publisher_id, FIRST, "cus_1", version=4, order="GPA.3345-1234..1", reference="ch_1 x")
    fill(engine, [written])
    (indexed,) = every_document(engine.indices, IN_SERVICE, publisher_id, Collection.TRANSACTIONS)
    assert (indexed.id, indexed.owner, indexed.doc_version, indexed.deleted) == (FIRST, "cus_1", 4, False)
    assert (indexed.tokens, indexed.keys, indexed.stored) == (written.tokens(), {}, written.stored)
    assert engine.indices.read(IN_SERVICE, publisher_id, [FIRST, SECOND]) == {FIRST: indexed}
    engine.indices.forget(IN_SERVICE, publisher_id, {FIRST: 3})
    assert engine.indices.read(IN_SERVICE, publisher_id, [FIRST]) == {FIRST: indexed}
    engine.indices.forget(IN_SERVICE, publisher_id, {FIRST: 4})
    engine.refresh()
    assert engine.indices.read(IN_SERVICE, publisher_id, [FIRST]) == {}
    assert found(engine, publisher_id, FIRST) == []


def test_publishers_of_transactions_only_are_publishers_too(engine: Engine, publisher_id: str) -> None:
    fill(engine, [transaction(publisher_id, FIRST, "cus_1")])
    assert publisher_id in engine.indices.publishers(IN_SERVICE)


@pytest.mark.parametrize("nobody", ["", " "])
def test_nothing_is_found_without_a_publisher(engine: Engine, nobody: str) -> None:
    with pytest.raises(MissingPublisher):
        engine.find_transactions(nobody, Word("x", ("x",), ("transaction_id",)), limit=1)
    with pytest.raises(MissingPublisher):
        engine.write([transaction(nobody, FIRST, "cus_1")])
    with pytest.raises(MissingPublisher):
        engine.versions(nobody, [FIRST])

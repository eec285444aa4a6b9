"""The acceptance table, on each engine and on the pure definition."""

from __future__ import annotations

import pytest

from servicekit.ids import new_id
from services.search.documents import CustomerDocument, customer_document
from services.search.engine.port import Engine
from services.search.matching import match
from services.search.tests.engine.case import Case
from services.search.tests.engine.customers import CUSTOMERS
from services.search.tests.engine.helpers import fill, hits, parse
from services.search.tests.engine.queries import CASES

PUBLISHER = new_id("pub")
DOCUMENTS: dict[str, CustomerDocument] = {
    name: customer_document({**state, "publisher_id": PUBLISHER, "id": new_id("cus")}, doc_version=1)
    for name, state in CUSTOMERS.items()
}
NAMES = {document.customer_id: name for name, document in DOCUMENTS.items()}


def ranks(scores: dict[str, int]) -> list[set[str]]:
    """Names in groups of equal score, best first."""
    return [
        {name for name, own in scores.items() if own == score} for score in sorted(set(scores.values()), reverse=True)
    ]


def expected(case: Case) -> list[set[str]]:
    return [set(group.split()) for group in case.found.split(">")] if case.found else []


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    fill(engine, DOCUMENTS.values())
    return engine


@pytest.mark.parametrize("case", CASES, ids=str)
def test_definition_finds_exactly_whom_the_table_names(case: Case) -> None:
    matches = {name: match(parse(case.query), document) for name, document in DOCUMENTS.items()}
    assert ranks({name: found.score for name, found in matches.items() if found}) == expected(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engine_finds_exactly_whom_the_table_names(filled: Engine, case: Case) -> None:
    found = hits(filled, PUBLISHER, case.query)
    assert ranks({NAMES[hit.customer_id]: hit.score for hit in found}) == expected(case)
    assert [(hit.score, hit.customer_id) for hit in found] == sorted(
        ((hit.score, hit.customer_id) for hit in found), reverse=True
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_customer_is_found_by_our_id(filled: Engine, name: str) -> None:
    customer_id = DOCUMENTS[name].customer_id
    for typed in (customer_id, customer_id.upper(), customer_id.removeprefix("cus_"), f" {customer_id}, "):
        assert [hit.customer_id for hit in hits(filled, PUBLISHER, typed)] == [customer_id]
    assert customer_id in [hit.customer_id for hit in hits(filled, PUBLISHER, customer_id[:14])]


def test_what_all_ids_begin_with_finds_nobody_by_it(filled: Engine) -> None:
    assert hits(filled, PUBLISHER, "cus_") == []


def test_table_is_large_enough_and_covers_every_requirement() -> None:
    assert len(CASES) >= 150
    assert {case.requirement for case in CASES} >= {"S1", "S2", "S5", "S6", "S10", "S12", "S14"}
    assert len({case.query for case in CASES}) == len(CASES)

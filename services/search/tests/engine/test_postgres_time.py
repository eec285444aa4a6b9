"""What the engine on PostgreSQL promises of time: a search ends, and what it shows before it is done is true."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.search.columns import Order
from services.search.documents import CustomerDocument
from services.search.engine import postgres_search
from services.search.engine.errors import TooBroad
from services.search.engine.port import After, Hit, Page
from services.search.engine.postgres import PostgresEngine
from services.search.engine.postgres_query import Statement
from services.search.engine.postgres_search import Search
from services.search.engine.postgres_sessions import OutOfTime, Reader
from services.search.fresh import FreshHit, in_order
from services.search.matching import match
from services.search.query.errors import InvalidQuery
from services.search.query.tree import Query
from services.search.tests.engine.conftest import postgres_engine
from services.search.tests.engine.helpers import document, fill, parse
from services.search.tests.engine.test_agreement import ORDERS, SLOW, STATE, TYPED

CROWD = st.lists(STATE, min_size=3, max_size=10)
ORDERED = st.one_of(ORDERS, st.builds(Order, st.sampled_from(["email", "last_name"]), st.booleans()))


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresEngine]:
    with postgres_engine() as made:
        yield made


def crowd(engine: PostgresEngine, states: list[dict[str, Any]]) -> list[CustomerDocument]:
    publisher_id = f"pub_{secrets.token_hex(8)}"
    documents = [document(publisher_id, f"cus_{index}", **state) for index, state in enumerate(states)]
    fill(engine, documents)
    return documents


def expected(documents: list[CustomerDocument], query: Query, order: Order | None = None) -> list[str]:
    hits = [FreshHit(entry.customer_id, entry.stored, found) for entry in documents if (found := match(query, entry))]
    return [hit.customer_id for hit in in_order(hits, order)]


def pages(engine: PostgresEngine, publisher_id: str, query: Query, order: Order | None = None) -> Iterator[Page]:
    after: After | None = None
    while True:
        page = engine.search(publisher_id, query, limit=2, after=after, order=order)
        yield page
        if (after := page.next_after) is None:
            return


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(states=CROWD, typed=st.lists(TYPED, min_size=3, max_size=8), order=ORDERED)
def test_a_word_of_very_many_has_the_pages_that_reading_all_would_give(
    postgres: PostgresEngine, states: list[dict[str, Any]], typed: list[str], order: Order | None
) -> None:
    documents = crowd(postgres, states)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FEW", "LOTS", "EXACT_TOTAL"):  # every word counts as one of very many
            patch.setattr(postgres_search, name, 0)
        for word in typed:
            try:
                query = parse(word)
            except InvalidQuery:
                continue
            found = pages(postgres, documents[0].publisher_id, query, order)
            assert [hit.customer_id for page in found for hit in page.hits] == expected(documents, query, order)


def test_of_very_many_the_count_is_said_to_be_at_least_what_is_counted(
    postgres: PostgresEngine, publisher_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres, [document(publisher_id, f"cus_{n:02}", first_name=f"Ann{'abc'[n % 3]}") for n in range(30)])
    for name, value in (("FEW", 0), ("LOTS", 0), ("EXACT_TOTAL", 20)):
        monkeypatch.setattr(postgres_search, name, value)
    page = postgres.search(publisher_id, parse("ann"), limit=5)
    assert (page.total.value, page.total.exact) == (20, False)
    assert [hit.customer_id for hit in page.hits] == [f"cus_{n}" for n in range(29, 24, -1)]


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(states=CROWD, typed=st.lists(st.lists(TYPED, min_size=1, max_size=3), min_size=3, max_size=8))
def test_out_of_time_those_shown_match_and_are_in_order(
    postgres: PostgresEngine, states: list[dict[str, Any]], typed: list[list[str]]
) -> None:
    documents = crowd(postgres, states)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Search, "_page", _no_time)
        for words in typed:
            try:
                query = parse(" ".join(words))
            except InvalidQuery:
                continue
            known = {entry.customer_id: found.score for entry in documents if (found := match(query, entry))}
            try:
                shown = [hit for page in _shown(postgres, documents[0].publisher_id, query) for hit in page.hits]
            except TooBroad:
                continue
            assert {hit.customer_id for hit in shown} <= known.keys()
            assert len({hit.customer_id for hit in shown}) == len(shown)
            assert shown == sorted(shown, key=_rank, reverse=True)
            assert all(hit.score <= known[hit.customer_id] for hit in shown)


def _shown(engine: PostgresEngine, publisher_id: str, query: Query) -> Iterator[Page]:
    found = pages(engine, publisher_id, query)
    yield next(found)
    try:
        yield from found
    except TooBroad:
        return


def _rank(hit: Hit) -> tuple[int, str]:
    return hit.score, hit.customer_id


def _no_time(*_: Any, **__: Any) -> Any:
    raise OutOfTime


def test_out_of_time_whole_words_are_shown_and_the_newest_with_the_count_left_open(
    postgres: PostgresEngine, publisher_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["Ann Lee", "Annabel Leeds", "Anna Lee", "Ann Lee", "Bob Lee"]
    fill(postgres, [document(publisher_id, f"cus_{n}", first_name=name) for n, name in enumerate(names)])
    monkeypatch.setattr(Search, "_page", _no_time)
    page = postgres.search(publisher_id, parse("ann lee"), limit=10)
    assert [hit.customer_id for hit in page.hits] == ["cus_3", "cus_0", "cus_2", "cus_1"]
    assert not page.total.exact
    assert page.total.value == 4


def test_out_of_time_a_sorted_page_is_whole_or_refused(
    postgres: PostgresEngine, publisher_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["Zoe", "Ann", "Anna", "Annabel", "Bob"]
    fill(postgres, [document(publisher_id, f"cus_{n}", last_name=name) for n, name in enumerate(names)])
    monkeypatch.setattr(Search, "_page", _no_time)
    page = postgres.search(publisher_id, parse("ann"), limit=2, order=Order("last_name"))
    assert [hit.customer_id for hit in page.hits] == ["cus_1", "cus_2"]
    for order, limit in ((Order("last_name"), 3), (Order("city"), 2)):
        with pytest.raises(TooBroad):
            postgres.search(publisher_id, parse("ann"), limit=limit, order=order)


def test_without_words_a_page_needs_no_count(
    postgres: PostgresEngine, publisher_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres, [document(publisher_id, f"cus_{n}", email=f"n{n}@mail.example") for n in range(4)])
    monkeypatch.setattr(Search, "_page", _no_time)
    page = postgres.search(publisher_id, parse("has:email"), limit=3)
    assert [hit.customer_id for hit in page.hits] == ["cus_3", "cus_2", "cus_1"]
    assert not page.total.exact


def test_a_statement_is_ended_when_its_time_is_over_and_the_connection_is_as_it_was(postgres: PostgresEngine) -> None:
    names = ("statement_timeout", "enable_nestloop", "enable_mergejoin", "enable_seqscan", "work_mem")
    show = Statement(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}", {})
    sessions = postgres._sessions
    with sessions.reading() as connection:
        before = Reader(connection, 60)._connection.exec_driver_sql(show.sql).one()
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    began = time.monotonic()
    with sessions.searching(0.3) as reader:
        assert reader.rows(show)[0] != before
        with pytest.raises(OutOfTime):
            reader.rows(Statement("SELECT pg_sleep(30)", {}), sparing=0.1)
        assert reader.rows(Statement("SELECT 1", {}))[0][0] == 1, "what was spared is left"
        with pytest.raises(OutOfTime):
            reader.rows(Statement("SELECT pg_sleep(30)", {}))
    assert time.monotonic() - began < 2
    with sessions.reading() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() == backend
        assert connection.exec_driver_sql(show.sql).one() == before


def test_a_search_without_time_is_too_broad_and_the_next_one_is_answered(
    postgres: PostgresEngine, publisher_id: str
) -> None:
    fill(postgres, [document(publisher_id, "cus_1", last_name="Lovelace")])
    hasty = PostgresEngine(postgres._sessions.database, seconds=0.0)
    with pytest.raises(TooBroad):
        hasty.search(publisher_id, parse("lovelace"), limit=1)
    assert postgres.search(publisher_id, parse("lovelace"), limit=1).total.value == 1

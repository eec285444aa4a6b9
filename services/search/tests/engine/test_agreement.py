"""Both engines find and rank as the definition does, for any small crowd and any search."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.search.documents import ATTRIBUTES, CustomerDocument
from services.search.engine import postgres_query, postgres_words
from services.search.engine.port import Engine
from services.search.matching import match
from services.search.query.parse import parse
from services.search.query.tree import Query, Word
from services.search.tests.engine.conftest import postgres_engine
from services.search.tests.engine.helpers import document, fill
from services.search.text import query_forms

# Few letters and few words, so that words meet, begin alike and differ by a typo or two.
LETTERS = "abnü"
WORD = st.one_of(
    st.text(LETTERS, min_size=1, max_size=10),
    st.sampled_from(
        ["anna", "annabell", "annabella", "bannabell", "ana-bnna", "o'bann", "王小明", "小明", "สมชาย", "東京abc"]
    ),
    st.text("ab王明\U00020000é'-. ", min_size=1, max_size=6),
)
STATE = st.fixed_dictionaries(
    {},
    optional={
        "first_name": WORD,
        "last_name": WORD,
        "email": st.builds("{}@{}.example".format, WORD, WORD),
        "address": st.fixed_dictionaries(
            {"country": st.sampled_from(["US", "JP", ""])},
            optional={
                "city": st.builds("{} {}".format, WORD, WORD),
                "state": st.sampled_from(["CA", "California", "ab", "東京都"]),
                "postal_code": st.text("ab1- ", max_size=6),
            },
        ),
        "external_ids": st.lists(
            st.fixed_dictionaries({"id": st.text("ab1-_/ ", min_size=1, max_size=16)}), max_size=2
        ),
    },
)
TYPED = st.one_of(WORD, st.text("ab1-_/", max_size=16), st.sampled_from(["ca", "calif", "cus_aaaaaaaa", "cus_", "東"]))
SCOPES = st.sampled_from([None, None, None, *(attribute.name for attribute in ATTRIBUTES)])


@pytest.fixture(scope="module")
def postgres() -> Iterator[Engine]:
    with postgres_engine() as made:
        yield made


def agrees(engine: Engine, documents: list[CustomerDocument], query: Query) -> None:
    expected = {entry.customer_id: found.score for entry in documents if (found := match(query, entry))}
    page = engine.search(documents[0].publisher_id, query, limit=50)
    assert {hit.customer_id: hit.score for hit in page.hits} == expected
    assert page.total.value == len(expected)


any_crowd_and_searches = given(
    states=st.lists(STATE, min_size=1, max_size=8),
    searches=st.lists(st.lists(st.tuples(TYPED, SCOPES), min_size=1, max_size=4), min_size=5, max_size=15),
)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def check(engine: Engine, states: list[dict[str, Any]], searches: list[list[tuple[str, str | None]]]) -> None:
    publisher_id = f"pub_{secrets.token_hex(8)}"
    documents = [
        document(publisher_id, f"cus_{'ab'[index % 2] * 12}{index}", **state) for index, state in enumerate(states)
    ]
    fill(engine, documents)
    for search in searches:
        words = tuple(Word(typed, query_forms(typed), attribute) for typed, attribute in search)
        agrees(engine, documents, Query(words))
        agrees(engine, documents, parse(" ".join(typed for typed, _ in search)))


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@any_crowd_and_searches
def test_engine_agrees_with_the_definition(
    engine: Engine, states: list[dict[str, Any]], searches: list[list[tuple[str, str | None]]]
) -> None:
    check(engine, states, searches)


@pytest.mark.parametrize("many", [100, 0])
@pytest.mark.parametrize("one_by_one", [True, False])
@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@any_crowd_and_searches
def test_postgres_agrees_whichever_way_it_reads(
    postgres: Engine,
    states: list[dict[str, Any]],
    searches: list[list[tuple[str, str | None]]],
    many: int,
    one_by_one: bool,
) -> None:
    """The ways are chosen by how common words are; here each is taken for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_words, "MANY", many)
        patch.setattr(postgres_query, "MANY", many)
        patch.setattr(postgres_query, "one_by_one", lambda *_: one_by_one)
        check(postgres, states, searches)


def test_all_words_in_reach_of_a_typo_count(engine: Engine, publisher_id: str) -> None:
    """More than the 50 that OpenSearch would look at by itself."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    names = {f"{a}nna{b}ell" for a in alphabet for b in alphabet[:6]}
    documents = [document(publisher_id, f"cus_{name}", first_name=name) for name in sorted(names)]
    fill(engine, documents)
    query = parse("annabell")
    expected = {entry.customer_id: found.score for entry in documents if (found := match(query, entry))}
    assert len(expected) > 120
    assert {hit.customer_id: hit.score for hit in engine.search(publisher_id, query, limit=500).hits} == expected

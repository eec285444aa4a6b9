"""Both engines find and rank as the definition does, for any small crowd and any search."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.search.columns import COLUMNS, Order
from services.search.documents import ATTRIBUTES, CustomerDocument
from services.search.engine import postgres_nodes, postgres_query, postgres_words
from services.search.engine.port import After, Engine
from services.search.fresh import FreshHit, in_order
from services.search.matching import match
from services.search.query.errors import InvalidQuery
from services.search.query.tree import Either, Every, Filled, Node, Not, Query, Range, Within, Word
from services.search.tests.engine.conftest import postgres_engine
from services.search.tests.engine.helpers import document, fill, parse
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
        "company": WORD,
        "phone": st.sampled_from(["+1 111 11", "0111-11", "11111"]),
        "birthdate": st.sampled_from(["1985-03-12", "1985-12-03", "2001-01-01"]),
        "country": st.sampled_from(["US", "JP", "AN"]),
        "currency": st.sampled_from(["USD", "JPY"]),
        "language": st.sampled_from(["ab", "ab-US"]),
        "registered_at": st.sampled_from(["2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"]),
        "last_name": WORD,
        "email": st.builds("{}@{}.example".format, WORD, WORD),
        "address": st.fixed_dictionaries(
            {"country": st.sampled_from(["US", "JP", ""])},
            optional={
                "line1": st.builds("{} str. {}".format, WORD, st.integers(1, 12)),
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
NAMES = [attribute.name for attribute in ATTRIBUTES]
SCOPES = st.one_of(st.just(()), st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple))
WORDS = st.one_of(
    st.builds(
        lambda typed, scope, exact: Word(typed, query_forms(typed), scope, exact=exact), TYPED, SCOPES, st.booleans()
    ),
    st.builds(
        lambda codes: Word("x", codes, ("country",), exact=True, names="word"),
        st.lists(st.sampled_from(["us", "jp", "an"]), min_size=1, max_size=2, unique=True).map(tuple),
    ),
)
COLUMN = st.sampled_from([column.name for column in COLUMNS])
LIMIT = st.one_of(st.none(), st.text("abn12-:", max_size=6))
DAY = st.one_of(st.none(), st.dates().map(str), st.sampled_from(["1985-06-01", "1985-03-12", "1985-12-03"]))
MOMENT = st.one_of(
    st.none(), st.sampled_from(["2026-01-01", "2026-01-15", "2026-02-01"]).map("{}T00:00:00.000000Z".format)
)
TEXTS = st.sampled_from([column.name for column in COLUMNS if column.is_text])
RANGES = st.one_of(
    st.builds(Range, TEXTS, LIMIT, LIMIT),
    st.builds(Range, st.just("birthdate"), DAY, DAY),
    st.builds(Range, st.sampled_from(["registered_at", "last_login_at"]), MOMENT, MOMENT),
)
LEAVES = st.one_of(WORDS, WORDS, st.builds(Filled, COLUMN), RANGES)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Within, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: Either(tuple(nodes))),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: Every(tuple(nodes))),
    ),
    max_leaves=5,
)
ORDERS = st.one_of(st.none(), st.builds(Order, COLUMN, st.booleans()))


@pytest.fixture(scope="module")
def postgres() -> Iterator[Engine]:
    with postgres_engine() as made:
        yield made


def agrees(engine: Engine, documents: list[CustomerDocument], query: Query, order: Order | None = None) -> None:
    hits = [FreshHit(entry.customer_id, entry.stored, found) for entry in documents if (found := match(query, entry))]
    expected = [(hit.customer_id, hit.match.score) for hit in in_order(hits, order)]
    publisher_id = documents[0].publisher_id
    page = engine.search(publisher_id, query, limit=50, order=order)
    assert [(hit.customer_id, hit.score) for hit in page.hits] == expected
    assert page.total.value == len(expected)
    seen: list[str] = []
    after: After | None = None
    while len(seen) <= len(expected):
        page = engine.search(publisher_id, query, limit=2, order=order, after=after, exact_total=True)
        seen += [hit.customer_id for hit in page.hits]
        if (after := page.next_after) is None:
            break
    assert seen == [customer_id for customer_id, _ in expected]


any_crowd_and_searches = given(
    states=st.lists(STATE, min_size=1, max_size=8),
    searches=st.lists(st.tuples(st.lists(NODES, max_size=3), ORDERS), min_size=4, max_size=8),
    typed=st.lists(st.lists(TYPED, min_size=1, max_size=4), min_size=3, max_size=8),
)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


Searches = list[tuple[list[Node], Order | None]]


def check(engine: Engine, states: list[dict[str, Any]], searches: Searches, typed: list[list[str]]) -> None:
    publisher_id = f"pub_{secrets.token_hex(8)}"
    documents = [
        document(publisher_id, f"cus_{'ab'[index % 2] * 12}{index}", **state) for index, state in enumerate(states)
    ]
    fill(engine, documents)
    for nodes, order in searches:
        agrees(engine, documents, Query(tuple(nodes)), order)
    for words in typed:
        try:
            query = parse(" ".join(words))
        except InvalidQuery:
            continue
        agrees(engine, documents, query)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@any_crowd_and_searches
def test_engine_agrees_with_the_definition(
    engine: Engine, states: list[dict[str, Any]], searches: Searches, typed: list[list[str]]
) -> None:
    check(engine, states, searches, typed)


@pytest.mark.parametrize("many", [100, 0])
@pytest.mark.parametrize("one_by_one", [True, False])
@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@any_crowd_and_searches
def test_postgres_agrees_whichever_way_it_reads(
    postgres: Engine,
    states: list[dict[str, Any]],
    searches: Searches,
    typed: list[list[str]],
    many: int,
    one_by_one: bool,
) -> None:
    """The ways are chosen by how common words are; here each is taken for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_words, "MANY", many)
        patch.setattr(postgres_query, "MANY", many)
        patch.setattr(postgres_nodes, "one_by_one", lambda *_: one_by_one)
        check(postgres, states, searches, typed)


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

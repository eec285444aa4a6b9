"""Whatever people type or store, a search answers, and answers with customers who match."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.search.engine.port import Engine
from services.search.matching import match
from services.search.query.errors import InvalidQuery, QueryTooLong
from services.search.query.parse import MAX_WORDS
from services.search.query.tree import Query, Word
from services.search.tests.engine.helpers import document, fill, hits, ids, parse
from services.search.tests.hostile import HOSTILE
from services.search.text import query_forms, words_typed


@pytest.mark.parametrize("typed", HOSTILE, ids=ascii)
def test_no_input_makes_a_search_fail_or_find_strangers(engine: Engine, publisher_id: str, typed: str) -> None:
    stranger = document(publisher_id, "cus_quux", first_name="Zoë", last_name="Quux")
    fill(engine, [stranger])
    try:
        query = parse(typed)
    except InvalidQuery:
        return
    # Only what says "not" may find who has nothing of it, and what says nothing at all finds everybody.
    expected = ["cus_quux"] if match(query, stranger) else []
    assert ids(engine, publisher_id, typed) == expected
    assert not expected or typed.startswith(("-", "NOT ")) or not words_typed(typed)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_was_stored_is_shown_and_found_again(engine: Engine, publisher_id: str, text: str) -> None:
    fill(engine, [document(publisher_id, "cus_1", first_name=text, last_name="Quux")])
    (hit,) = hits(engine, publisher_id, "quux")
    assert hit.stored["first_name"] == "".join("\ufffd" if c == "\0" or 0xD800 <= ord(c) < 0xE000 else c for c in text)
    if (forms := query_forms(text)) and len(words_typed(text)) == 1:
        query = Query((Word(text, forms),))
        assert [hit.customer_id for hit in engine.search(publisher_id, query, limit=5).hits] == ["cus_1"]


@settings(max_examples=60, deadline=None)
@given(typed=st.text(max_size=40))
def test_any_text_is_answered(engine: Engine, typed: str) -> None:
    try:
        query = parse(typed)
    except InvalidQuery:
        return
    assert engine.search("pub_of_nobody", query, limit=5).hits == ()


def test_hundred_kilobytes_are_refused_at_once() -> None:
    for typed in ("x" * 100_000, "x " * 50_000, "\u0301" * 100_000, "王" * 100_000):
        before = time.perf_counter()
        with pytest.raises(QueryTooLong):
            parse(typed)
        assert time.perf_counter() - before < 0.1


def test_hundred_kilobytes_stored_are_found_by_their_beginning(engine: Engine, publisher_id: str) -> None:
    large = "word " * 20_000
    fill(engine, [document(publisher_id, "cus_1", first_name=large, last_name="王" * 100_000, email="x" * 100_000)])
    assert ids(engine, publisher_id, "word") == ["cus_1"]
    assert ids(engine, publisher_id, "王王王") == ["cus_1"]
    assert ids(engine, publisher_id, "x" * 500) == ["cus_1"]


def test_as_many_words_as_allowed(engine: Engine, publisher_id: str) -> None:
    name = " ".join(f"wöörds{chr(97 + n)}" for n in range(MAX_WORDS))
    fill(engine, [document(publisher_id, "cus_1", first_name=name)])
    assert ids(engine, publisher_id, name) == ["cus_1"]
    assert ids(engine, publisher_id, name.replace("wöörds", "wöord")) == ["cus_1"]


def test_word_without_letters_finds_nobody_even_if_a_program_asks(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, "cus_1", first_name="Ada")])
    (ada,), (nothing,) = parse("ada").nodes, parse("***").nodes
    assert engine.search(publisher_id, Query((ada, nothing)), limit=5).hits == ()

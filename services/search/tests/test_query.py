"""From what is typed to the tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.query.parse import MAX_QUERY_LENGTH, MAX_WORDS, QueryTooLong, parse
from services.search.query.tree import Query, Word


def test_words_are_split_at_white_space_and_commas() -> None:
    assert [word.typed for word in parse("  Smith, Anna\u3000Müller\tx,y\n").words] == [
        "Smith",
        "Anna",
        "Müller",
        "x",
        "y",
    ]


def test_words_keep_what_was_typed_and_know_what_to_look_up() -> None:
    assert parse("Jean-Luc").words == (Word("Jean-Luc", ("jean-luc", "jeanluc")),)


@pytest.mark.parametrize("typed", ["", " ", "\t\n\u3000", ",", " , "])
def test_nothing_typed_means_everybody(typed: str) -> None:
    assert parse(typed) == Query()


def test_punctuation_beside_words_is_ignored_and_alone_matches_nobody() -> None:
    assert parse("anna & bob") == parse("anna bob")
    assert parse("*** ???").words == (Word("***", ()),)


def test_the_same_word_twice_counts_once() -> None:
    assert len(parse("anna anna").words) == 1


def test_operators_have_no_meaning() -> None:
    assert [word.typed for word in parse('city:Berlin OR -"x"').words] == ["city:Berlin", "OR", '-"x"']


def test_limits() -> None:
    assert len(parse(" ".join(f"w{n}" for n in range(MAX_WORDS))).words) == MAX_WORDS
    with pytest.raises(QueryTooLong) as words:
        parse(" ".join(f"w{n}" for n in range(MAX_WORDS + 1)))
    assert (words.value.status, words.value.errors[0].where) == (422, "q")
    parse("x" * MAX_QUERY_LENGTH)
    with pytest.raises(QueryTooLong):
        parse("x" * (MAX_QUERY_LENGTH + 1))


@given(st.text(max_size=300))
def test_any_text_is_a_query_or_too_long(typed: str) -> None:
    try:
        query = parse(typed)
    except QueryTooLong:
        return
    assert len(query.words) <= MAX_WORDS

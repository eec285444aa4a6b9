"""Why a document matches, and documents themselves."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from services.search.documents import ATTRIBUTES, CustomerDocument, customer_document, tombstone
from services.search.matching import SCORES, Matched, match
from services.search.query.parse import MAX_WORDS
from services.search.query.tree import Query, Word
from services.search.tests.engine.helpers import parse


def ada(**state: Any) -> CustomerDocument:
    defaults = {
        "publisher_id": "pub_1",
        "id": "cus_06gw1x4k2m",
        "email": "Ada.Lovelace@Example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "address": {"line1": "Strand 1", "city": "London", "state": "CA", "postal_code": "SW1A 1AA", "country": "US"},
        "external_ids": [{"source": "shop", "id": "EXT-77"}, {"source": "crm", "id": "ADA"}],
    }
    return customer_document({**defaults, **state}, doc_version=3)


def reasons(typed: str, document: CustomerDocument) -> set[tuple[str, str, str]]:
    found = match(parse(typed), document)
    return {(reason.attribute, reason.value, reason.how) for reason in found.matched} if found else set()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ada.lovelace@example.com", {("email", "Ada.Lovelace@Example.com", "identifier")}),
        ("ada.love", {("email", "Ada.Lovelace@Example.com", "prefix"), ("name", "Ada Lovelace", "prefix")}),
        ("cus_06gw1x4k2m", {("id", "cus_06gw1x4k2m", "identifier")}),
        ("06GW1X4K2M", {("id", "cus_06gw1x4k2m", "identifier")}),
        ("cus_06gw1x4k", {("id", "cus_06gw1x4k2m", "prefix")}),
        ("cus_06gw", set()),
        ("ext-77", {("external_id", "EXT-77", "identifier")}),
        ("ext7", {("external_id", "EXT-77", "prefix")}),
        ("ada", {("external_id", "ADA", "identifier")}),
        ("lovelace", {("last_name", "Lovelace", "word"), ("email", "Ada.Lovelace@Example.com", "word")}),
        ("lov", {("last_name", "Lovelace", "prefix"), ("email", "Ada.Lovelace@Example.com", "prefix")}),
        ("lovelcae", {("last_name", "Lovelace", "typo")}),
        ("londno", {("city", "London", "typo")}),
        ("california", {("state", "CA", "word")}),
        ("sw1a1aa", {("postal_code", "SW1A 1AA", "word")}),
        ("sw1a1ab", set()),
        ("lond lovelcae", {("city", "London", "prefix"), ("last_name", "Lovelace", "typo")}),
        ("ada zoe", set()),
        ("", set()),
    ],
)
def test_reasons(typed: str, expected: set[tuple[str, str, str]]) -> None:
    assert reasons(typed, ada()) == expected


def test_value_of_a_name_written_together() -> None:
    document = ada(first_name="小明", last_name="王")
    assert reasons("王小明", document) == {("name", "王小明", "word")}


def test_a_value_that_two_words_match_is_named_once_by_its_better_way() -> None:
    found = match(parse("van dyk"), ada(last_name="Van Dyke"))
    assert found is not None
    assert [reason for reason in found.matched if reason.attribute == "last_name"] == [
        Matched("last_name", "Van Dyke", "word")
    ]


def test_scores_add_up_and_each_way_outweighs_all_words_of_the_weaker() -> None:
    found = match(parse("ada.lovelace@example.com london sw1 lovelcae"), ada())
    assert found is not None
    assert found.score == sum(SCORES.values())
    ways = sorted(SCORES.values())
    assert all(MAX_WORDS * weaker < stronger for weaker, stronger in pairwise(ways))


def test_a_scoped_word_looks_at_its_attribute_only() -> None:
    word = Word("london", ("london",), attributes=("city",))
    assert match(Query((word,)), ada()) is not None
    assert match(Query((word,)), ada(last_name="London", address=None)) is None


def test_everybody_matches_the_empty_query_but_no_tombstone() -> None:
    found = match(Query(), ada())
    assert found is not None
    assert (found.score, found.matched) == (0, ())
    assert match(Query(), tombstone("pub_1", "cus_1", doc_version=9)) is None


def test_unknown_and_missing_fields_are_fine() -> None:
    bare = customer_document({"publisher_id": "pub_1", "id": "cus_1", "surprise": {"a": [1]}}, doc_version=1)
    assert set(bare.values) == {"id"}
    empty = ada(email=None, first_name=None, last_name="", address=None, external_ids=None)
    assert set(empty.values) == {"id"}


def test_what_is_stored_is_the_state_as_given() -> None:
    document = ada(attributes={"a": ["b\x00", 1, None]})
    assert document.stored["attributes"] == {"a": ["b\ufffd", 1, None]}
    assert customer_document(document.stored, doc_version=3) == document


def test_numbers_of_attributes_never_change() -> None:
    """They stand for attributes in databases that are there already: only additions are fine."""
    numbers = {attribute.name: attribute.number for attribute in ATTRIBUTES}
    known = ["id", "external_id", "email", "first_name", "last_name", "name", "city", "state", "postal_code"]
    assert [numbers[name] for name in known] == list(range(1, 10))
    assert len(set(numbers.values())) == len(ATTRIBUTES)

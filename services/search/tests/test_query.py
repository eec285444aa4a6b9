"""From what is typed to the tree."""

# ruff: noqa: RUF001 - quotes of phones, on purpose

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.query.errors import InvalidQuery, QueryTooLong
from services.search.query.parse import MAX_QUERY_LENGTH, MAX_WORDS, parse_filter
from services.search.query.tree import Either, Filled, Node, Not, Query, Range, Within, Word
from services.search.tests.engine.helpers import NOW, parse

NEXT_YEAR = "2027-01-01T00:00:00.000000Z"


def typed_words(query: Query) -> list[str]:
    return [word.typed for word in query.words()]


def test_words_are_split_at_white_space_and_commas() -> None:
    assert typed_words(parse("  Smith, Anna\u3000Müller\tx,y\n")) == ["Smith", "Anna", "Müller", "x", "y"]


def test_words_keep_what_was_typed_and_know_what_to_look_up() -> None:
    assert parse("Jean-Luc").nodes == (Word("Jean-Luc", ("jean-luc", "jeanluc")),)


@pytest.mark.parametrize("typed", ["", " ", "\t\n\u3000", ",", " , "])
def test_nothing_typed_means_everybody(typed: str) -> None:
    assert parse(typed) == Query()


def test_punctuation_beside_words_is_ignored_and_alone_matches_nobody() -> None:
    assert parse("smith & bob") == parse("smith bob")
    assert parse("smith - bob") == parse("smith bob")
    assert parse("*** ???").nodes == (Word("***", ()),)


def test_the_same_word_twice_counts_once() -> None:
    assert len(parse("smith smith").nodes) == 1


def node(typed: str) -> Node:
    (only,) = parse(typed).nodes
    return only


def test_quotes_ask_for_whole_words_next_to_each_other() -> None:
    assert node('"Smith"') == Word("Smith", ("smith",), exact=True)
    assert node('"van Dyke"') == Word("van Dyke", ("vandyke",), exact=True)
    assert node("“van Dyke”") == node('"van Dyke"')


def test_fields_narrow_to_their_attributes() -> None:
    assert node("city:Bonn") == Word("Bonn", ("bonn",), ("city",), spelled=True)
    assert node("ZIP:53111") == Word("53111", ("53111",), ("postal_code",), spelled=True)
    assert node("zip=53111") == node("zip:53111")
    assert node('name:"de la Cruz"') != node("name:Cruz")
    assert node("city:Bonn,Ulm") == Either((node("city:Bonn"), node("city:Ulm")))
    assert node('city:"Bad Ems",Ulm') == Either((node('city:"Bad Ems"'), node("city:Ulm")))


def test_a_trailing_comma_is_punctuation() -> None:
    assert parse("city:Bonn, smith") == parse("city:Bonn smith")


def test_countries_and_currencies_are_named_in_many_ways() -> None:
    germany = Word("Germany", ("de",), ("country",), exact=True, names="word")
    assert node("country:Germany") == germany
    for other in ("de", "DEU", "Deutschland", "Allemagne", "ドイツ", '"Germany"'):
        named = node(f"country:{other}")
        assert isinstance(named, Word)
        assert named.forms == ("de",)
    assert node("Germany") == Either((Word("Germany", ("germany",)), germany))
    euro = node("currency:euro")
    assert isinstance(euro, Word)
    assert euro.forms == ("eur",)


def test_minus_says_not() -> None:
    assert node("-country:DE") == Not(node("country:DE"))
    assert node("-smith") == Not(node('"smith"'))
    assert node("-city:Bonn") == Not(node('city:"Bonn"'))
    assert node('-"van Dyke"') == Not(node('"van Dyke"'))
    assert typed_words(parse("anne-marie")) == ["anne-marie"]


def test_or_joins_its_neighbors_only() -> None:
    smith, (bob, ulm) = node("smith"), (node("bob"), node("city:Ulm"))
    assert parse("smith bob OR city:Ulm").nodes == (smith, Either((bob, ulm)))
    assert parse("bob OR smith OR city:Ulm").nodes == (Either((bob, smith, ulm)),)


def test_or_without_something_on_either_side_is_oregon() -> None:
    assert typed_words(parse("portland OR")) == ["portland", "OR"]
    assert typed_words(parse("OR portland")) == ["OR", "portland"]


@pytest.mark.parametrize(
    ("typed", "low", "high"),
    [
        ("registered:2026", "2026-01-01T00:00:00.000000Z", NEXT_YEAR),
        ("registered:2026-12", "2026-12-01T00:00:00.000000Z", NEXT_YEAR),
        ("registered:2026-12-31", "2026-12-31T00:00:00.000000Z", NEXT_YEAR),
        ("registered>=2027-01-01", NEXT_YEAR, None),
        ("registered>2026-12-31", NEXT_YEAR, None),
        ("registered>2026", NEXT_YEAR, None),
        ("registered<2027-01-01", None, NEXT_YEAR),
        ("registered<=2026-12-31", None, NEXT_YEAR),
        ("registered_at:2026-02..2026", "2026-02-01T00:00:00.000000Z", NEXT_YEAR),
        ("registered:..2026", None, NEXT_YEAR),
        ("registered:2027..", NEXT_YEAR, None),
        ("registered>=2027-01-01T01:00:00+01:00", NEXT_YEAR, None),
        ("registered:today", "2026-11-25T00:00:00.000000Z", "2026-11-26T00:00:00.000000Z"),
        ("registered:yesterday", "2026-11-24T00:00:00.000000Z", "2026-11-25T00:00:00.000000Z"),
        ("registered<30d", "2026-10-26T12:00:00.000000Z", None),
        ("registered>30d", None, "2026-10-26T12:00:00.000000Z"),
        ("registered<=12h", "2026-11-25T00:00:00.000000Z", None),
        ("registered>2w", None, "2026-11-11T12:00:00.000000Z"),
        ("registered<9m", "2026-02-25T12:00:00.000000Z", None),
        ("registered<99999y", "0001-01-01T00:00:00.000000Z", None),
    ],
)
def test_ranges_of_moments(typed: str, low: str | None, high: str | None) -> None:
    assert node(typed) == Range("registered_at", low, high)


def test_months_before_the_31st_end_earlier() -> None:
    from services.search.query.dates import ago

    assert ago("1m", datetime(2026, 3, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)
    assert ago("1y", datetime(2024, 2, 29, tzinfo=UTC)) == datetime(2023, 2, 28, tzinfo=UTC)


def test_birthdates_are_days() -> None:
    march_12 = Word("12/03/1985", ("1985-03-12", "1985-12-03"), ("birthdate",), exact=True)
    assert node("birthdate:12/03/1985") == march_12
    assert node("born:1980..1989") == Range("birthdate", "1980-01-01", "1990-01-01")
    assert node("birthdate>18y") == Range("birthdate", None, "2008-11-25")


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("1985-03-12", ["1985-03-12"]),
        ("12.03.1985", ["1985-03-12", "1985-12-03"]),
        ("12/03/1985", ["1985-03-12", "1985-12-03"]),
        ("03/12/1985", ["1985-12-03", "1985-03-12"]),
        ("31/12/1985", ["1985-12-31"]),
        ("12 Mar 1985", ["1985-03-12"]),
        ("March 12, 1985", ["1985-03-12"]),
        ("12th march 1985", ["1985-03-12"]),
        ("12. März 1985", ["1985-03-12"]),
        ("12 marca 1985", ["1985-03-12"]),
        ("12 марта 1985", ["1985-03-12"]),
        ("1985年3月12日", ["1985-03-12"]),
        ("12/03/85", ["1985-03-12", "1985-12-03"]),
        ("١٢/٠٣/١٩٨٥", ["1985-03-12", "1985-12-03"]),
    ],
)
def test_a_birthdate_in_the_box_is_read_in_every_way(typed: str, days: list[str]) -> None:
    found = [word for word in parse(typed).words() if word.attributes == ("birthdate",)]
    assert [word.forms for word in found] == [tuple(days)]


@pytest.mark.parametrize("typed", ["31.31.1985", "00/00/1985", "1985-02-30", "12 Foo 1985"])
def test_what_is_no_day_is_only_words(typed: str) -> None:
    assert not any("birthdate" in word.attributes for word in parse(typed).words())


def test_empty_and_filled() -> None:
    assert node("has:phone") == Filled("phone")
    assert node("-has:phone") == Not(Filled("phone"))
    assert node('phone:""') == Not(Filled("phone"))
    assert node('last_login:""') == Not(Filled("last_login_at"))
    assert node("is:active") == Word("active", ("active",), ("status",), exact=True)


def test_what_belongs_together_may_be_typed_apart() -> None:
    assert {"sw1a1aa"} <= {form for word in parse("SW1A 1AA").words() for form in word.forms}
    assert {"4930123456"} <= {form for word in parse("+49 (30) 123-456").words() for form in word.forms}
    assert {"us"} <= {form for word in parse("anna united states").words() for form in word.forms}


@pytest.mark.parametrize(
    "typed",
    [
        "https://example.com/x",
        "10:30",
        "No:12",
        "Sok. no:7/3",
        "Kat:2",
        "D:B",
        "Anna<anna@example.com>",
        "a:",
        "x=y",
        "::",
        "a::b",
        "c:\\x",
    ],
)
def test_text_that_only_looks_like_a_condition_is_text(typed: str) -> None:
    assert all(word.typed in typed and not word.attributes for word in parse(typed).words() if not word.names)


def test_a_filter_has_conditions_only() -> None:
    assert parse_filter("country:DE OR -has:phone", now=NOW).nodes == (Within(node("country:DE OR -has:phone")),)
    with pytest.raises(InvalidQuery) as caught:
        parse_filter("country:DE anna", now=NOW)
    assert (caught.value.extensions["position"], caught.value.extensions["parameter"]) == (11, "filter")


def test_operators_may_stand_apart_and_be_written_otherwise() -> None:
    recent = node("last_login<30d")
    assert node("last_login < 30d") == node("last_login< 30d") == node("last_login <30d") == recent
    assert node("country!=DE") == node("country <> DE") == node("NOT country:DE") == node("-country:DE")
    assert node("registered≥2026") == node("registered>=2026")
    assert node("city：Bonn") == node("city==Bonn") == node("city : Bonn") == node("city:Bonn")
    assert typed_words(parse("email <anna@example.com>")) == ["email", "<anna@example.com>"]


def test_and_says_no_more_than_a_space_and_not_is_a_minus() -> None:
    assert parse("smith AND city:Ulm") == parse("smith city:Ulm")
    assert parse("smith NOT bob") == parse("smith -bob")
    assert parse("smith AND NOT bob OR ulm") == parse("smith -bob OR ulm")
    assert node("NOT -country:DE") == node("country:DE")
    lower = [word.typed for word in parse("smith and not bob").words() if not word.names]
    assert lower == ["smith", "and", "not", "bob"]
    assert typed_words(parse("NOT")) == ["NOT"]
    assert [word.typed for word in parse("smith AND").words() if not word.names] == ["smith", "AND"]
    assert parse_filter("country:DE AND NOT has:phone", now=NOW) == parse_filter("country:DE -has:phone", now=NOW)


def test_limits() -> None:
    assert len(parse(" ".join(f"w{chr(97 + n)}" for n in range(MAX_WORDS))).nodes) == MAX_WORDS
    with pytest.raises(QueryTooLong) as words:
        parse(" ".join(f"w{chr(97 + n)}" for n in range(MAX_WORDS + 1)))
    assert (words.value.status, words.value.errors[0].where) == (422, "q")
    parse("x" * MAX_QUERY_LENGTH)
    with pytest.raises(QueryTooLong):
        parse("x" * (MAX_QUERY_LENGTH + 1))


@given(st.one_of(st.text(max_size=300), st.text('ab:"-OR <>=.,2d"“”', max_size=60)))
def test_any_text_is_a_query_or_a_mistake_that_is_told(typed: str) -> None:
    try:
        parse(typed)
    except QueryTooLong:
        return
    except InvalidQuery as mistake:
        position = mistake.extensions["position"]
        assert isinstance(position, int)
        assert 0 <= position <= len(typed)

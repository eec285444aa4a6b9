"""Mistakes in what is typed: where they are, and hints that are true."""

# ruff: noqa: RUF001 - quotes of phones, on purpose

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest

from services.search.query.errors import InvalidQuery
from services.search.query.fields import FIELDS
from services.search.tests.engine.helpers import parse

# What is wrong, where, and what somebody writes who does as the hint says.
MISTAKES = [
    ('anna "berlin', 5, "not closed", 'anna "berlin"'),
    ('anna "berlin', 5, "not closed", "anna berlin"),
    ('anna ""', 5, "Nothing stands between", 'anna "berlin"'),
    ('anna " "', 5, "Nothing stands between", "anna"),
    ("“”", 0, "Nothing stands between", 'phone:""'),
    ("foo:bar", 0, "no field foo", '"foo:bar"'),
    ("foo:bar", 0, "no field foo", "email:bar"),
    ("anna  citty:Berlin", 6, "no field citty", "anna  city:Berlin"),
    ("anna  citty:Berlin", 6, "no field citty", 'anna  "citty:Berlin"'),
    ("regstered>=2026", 0, "no field regstered", "registered>=2026"),
    ("city:", 5, "Nothing stands behind city:", 'city:"two words"'),
    ("city: country:DE", 5, "Nothing stands behind city:", 'city:"two words" country:DE'),
    ("country:", 8, "Nothing stands behind country:", "country:DE"),
    ("last_login <", 12, "Nothing stands behind last_login<", "last_login<2026-03-12"),
    ("has:", 4, "Nothing stands behind has:", "has:phone"),
    ("is:", 3, "Nothing stands behind is:", "is:active"),
    ("anna <30d", 5, "no field says what to compare", "anna last_login<30d"),
    ("anna <30d", 5, "no field says what to compare", 'anna "<30d"'),
    (">", 0, "no field says what to compare", '">"'),
    ("anna != berlin", 5, "no field says what to compare", 'anna "!=" berlin'),
    ("(city:Berlin OR anna)", 0, "no parentheses", "city:Berlin OR anna"),
    ("anna NOT (bob OR ulm)", 9, "no parentheses", "anna NOT bob NOT ulm"),
    ("country:Nowhereland", 8, "no country", "country:DE"),
    ("country:Germ", 8, "no country", "country:Germany"),
    ("country:United", 8, "no country", 'country:"United States"'),
    ("currency:doubloon", 9, "no currency", "currency:EUR"),
    ("city>Berlin", 0, "can't be compared", "city:Berlin"),
    ('city>"Bad Ems"', 0, "can't be compared", 'city:"Bad Ems"'),
    ("country>Berlin", 0, "can't be compared", "country:DE"),
    ("registered>=soon", 12, "no date", "registered>=2026-03-12"),
    ("registered>=soon", 12, "no date", "registered>=30d"),
    ("registered>=2026-13-01", 12, "no date", "registered>=today"),
    ("registered>12.03.2026", 11, "one day or another", "registered>2026-03-12"),
    ("registered:30d", 11, "needs a comparison", "registered<30d"),
    ("registered:2026..soon", 11, "no date", "registered:2025..2026"),
    ("birthdate:1985-02-30", 10, "no date", 'birthdate:"12 Mar 2026"'),
    ("is:rich", 3, "Nobody can be rich", "is:active"),
    ("has:cheese", 4, "no field cheese", "has:birthdate"),
    ("has:phne", 4, "no field phne", "has:phone"),
    ("has>phone", 0, "takes no comparison", "has:phone"),
    ('id:""', 3, "never empty", ""),
]


@pytest.mark.parametrize(("typed", "position", "message", "followed"), MISTAKES)
def test_a_mistake_is_told_with_its_position_and_a_hint_that_is_true(
    typed: str, position: int, message: str, followed: str
) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse(typed)
    told: dict[str, Any] = caught.value.extensions
    assert (caught.value.status, caught.value.code, told["position"]) == (422, "invalid_query", position)
    assert message in caught.value.errors[0].message
    assert told["hint"]
    parse(followed)


# A condition in a hint, to its end.
WRITTEN = re.compile(r'[a-z_]+(?::|<=|>=|<|>|=)(?:"[^"]*"|[^\s,;?"]*[^\s,;?".:])')


@pytest.mark.parametrize("field", [*FIELDS, "is", "has", "citty", "foobar", "country "])
@pytest.mark.parametrize("operator", [":", "=", "!=", "<", "<=", ">", ">=", " < "])
def test_every_condition_in_a_hint_can_be_written(field: str, operator: str) -> None:
    values = ("", '""', "x", '"a b"', "30d", "2026-03-12", "12.03.1985", "soon", "2025..x", "germ", "unit", "5", "***")
    for value in values:
        with contextlib.suppress(InvalidQuery):
            parse(f"{field}{operator}{value}")
            continue
        with pytest.raises(InvalidQuery) as caught:
            parse(f"{field}{operator}{value}")
        hint = caught.value.extensions["hint"]
        assert isinstance(hint, str)
        for written in WRITTEN.findall(hint.replace(f'"{field}', '"')):
            parse(written)


def test_a_hint_names_the_field_that_was_meant() -> None:
    with pytest.raises(InvalidQuery, match="Did you mean city"):
        parse("citty:Berlin")

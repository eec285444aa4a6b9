"""What is left of an answer for those who may not see who somebody is."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, fields

from servicekit.web.masking import MASK, Unmaskable, masked, masked_field

PERSONAL: dict[str, Any] = {"personal": True}
SHOWN: dict[str, Any] = {"personal": True, "hidden": False}


class Place(Schema):
    street = fields.String(allow_none=True, metadata=PERSONAL)
    country = fields.String(allow_none=True, metadata=SHOWN)


class Entry(Schema):
    kind = fields.String(required=True)
    value = fields.String(
        required=True, metadata={"personal": True, "hidden": lambda entry: entry["kind"] != "country"}
    )
    masked = masked_field()


class Person(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True, metadata=PERSONAL)
    nickname = fields.String(allow_none=True, metadata=PERSONAL)
    numbers = fields.List(fields.Nested(Place), metadata=PERSONAL)
    extras = fields.Dict(metadata=PERSONAL)
    place = fields.Nested(Place, allow_none=True, metadata=SHOWN)
    entries = fields.List(fields.Nested(Entry))
    masked = masked_field()


class People(Schema):
    items = fields.List(fields.Nested(Person), required=True)
    next_cursor = fields.String(allow_none=True)


FULL = {
    "id": "p1",
    "name": "Canary",
    "nickname": "Canary",
    "numbers": [{"street": "Canary", "country": "DE"}],
    "extras": {"Canary": "Canary"},
    "place": {"street": "Canary", "country": "DE"},
    "entries": [{"kind": "country", "value": "DE"}, {"kind": "name", "value": "Canary"}],
}


def test_what_is_personal_is_masked_in_lists_and_objects_and_told() -> None:
    seen = masked(People, {"items": [FULL], "next_cursor": "c"})
    assert seen == {
        "items": [
            {
                "id": "p1",
                "name": MASK,
                "nickname": None,
                "numbers": [],
                "extras": {},
                "place": {"street": None, "country": "DE"},
                "entries": [
                    {"kind": "country", "value": "DE"},
                    {"kind": "name", "value": MASK, "masked": ["value"]},
                ],
                "masked": ["name", "nickname", "numbers", "extras", "place.street"],
            }
        ],
        "next_cursor": "c",
    }
    assert People().validate(seen) == {}


def test_nothing_masked_tells_whether_there_is_a_value() -> None:
    here = {**FULL, "place": {"street": "Canary", "country": None}}
    empty = {**FULL, "name": "", "nickname": None, "numbers": [], "extras": {}, "place": None}
    assert masked(Person, empty) == masked(Person, here)


def test_only_what_was_asked_for_is_told_and_what_is_not_described_is_left_out() -> None:
    assert masked(Person, {"id": "p1", "secret": "Canary"}) == {"id": "p1"}


def test_what_was_given_is_not_changed() -> None:
    given = {**FULL, "place": {"street": "Canary", "country": "DE"}}
    masked(Person, given)
    assert given == FULL


def test_a_type_without_a_value_that_says_nothing_is_refused() -> None:
    class Aged(Schema):
        age = fields.Integer(required=True, metadata=PERSONAL)

    with pytest.raises(Unmaskable, match="age"):
        masked(Aged, {"age": 7})

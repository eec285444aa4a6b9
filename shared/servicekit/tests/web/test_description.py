"""How fields are described to the API's readers."""

from __future__ import annotations

import re

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from servicekit.web.description import describe_fields, portable_pattern
from servicekit.web.fields import Moment


class Thing(Schema):
    """A thing."""

    at = Moment(allow_none=True)
    code = fields.String(validate=validate.Regexp(r"[a-z]{2}\Z"))
    owner = fields.String(metadata={"personal": True})


def test_fields_say_their_type_their_pattern_and_whether_they_are_personal() -> None:
    plugin = MarshmallowPlugin()
    spec = APISpec("things", "1", "3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    describe_fields(plugin.converter)
    spec.components.schema("Thing", schema=Thing)
    described = spec.to_dict()["components"]["schemas"]["Thing"]["properties"]
    assert described == {
        "at": {"type": ["string", "null"], "format": "date-time"},
        "code": {"type": "string", "pattern": "^[a-z]{2}$"},
        "owner": {"type": "string", "x-personal": True},
    }


@pytest.mark.parametrize("pattern", [r"[a-z]+\Z", r"^[a-z]+\Z", "ab", r"a|b\Z", "^x"])
@pytest.mark.parametrize("text", ["a", "b", "ab", "ax", "xa", "ab1", "1ab", "x"])
def test_a_portable_pattern_accepts_the_same_by_search_as_the_given_one_by_match(pattern: str, text: str) -> None:
    given = re.match(f"(?:{pattern.removesuffix(chr(92) + 'Z')})" + (r"\Z" if pattern.endswith(r"\Z") else ""), text)
    assert bool(re.search(portable_pattern(pattern), text)) == bool(given)

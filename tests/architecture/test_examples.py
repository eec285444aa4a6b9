"""Examples in the API's description are ones that the API itself would take or give."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from tools.generate.openapi import document, operations
from tools.generate.schemas import Json

_WHOLE = document()
_BODIES = [
    (f"{operation['operationId']}-{name}-{kind}", media)
    for _path, _method, operation in operations(_WHOLE["paths"])
    for name, body in [("request", operation.get("requestBody", {})), *operation["responses"].items()]
    for kind, media in body.get("content", {}).items()
]


@pytest.mark.parametrize("media", [media for _name, media in _BODIES], ids=[name for name, _media in _BODIES])
def test_an_example_is_valid(media: Json) -> None:
    schema = {**media["schema"], "components": _WHOLE["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, format_checker=checker).validate(media["example"])


def test_examples_of_problems_are_valid() -> None:
    for problem in _WHOLE["components"]["responses"].values():
        media = problem["content"]["application/problem+json"]
        Draft202012Validator({**media["schema"], "components": _WHOLE["components"]}).validate(media["example"])

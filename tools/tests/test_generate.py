"""The generators' rules, on small pieces: the whole is tested in tests/architecture."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from servicekit.subscriptions import Effect
from tools.discovery import ROOT, services
from tools.generate import openapi
from tools.generate.events_page import handler_of
from tools.generate.examples import NoExample, example_of
from tools.generate.problems import names_a_thing, statuses_of
from tools.generate.schemas import COMPONENTS, Clash, closed, merge, modernized, opened, reachable
from tools.stand_ins import NeverCalled, stand_ins

BODY = {"in": "header", "name": "Idempotency-Key"}
QUERY = {"in": "query", "name": "limit"}
PATH = {"in": "path", "name": "note_id"}
IF_MATCH = {"in": "header", "name": "If-Match"}


@pytest.mark.parametrize(
    ("method", "parameters", "has_body", "scope", "expected"),
    [
        ("get", [], False, "notes:read", [401, 403, 429, 503]),
        ("get", [QUERY], False, "notes:read", [400, 401, 403, 414, 422, 429, 503]),
        ("get", [PATH], False, "notes:read", [401, 403, 404, 429, 503]),
        ("get", [], False, "public", [429, 503]),
        ("post", [], True, "public", [400, 401, 413, 415, 422, 429, 503]),
        ("post", [BODY], True, "notes:write", [400, 401, 403, 409, 413, 415, 422, 429, 503]),
        ("patch", [PATH, IF_MATCH], True, "n:w", [400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503]),
    ],
)
def test_an_operation_names_the_problems_that_it_can_answer_with(
    method: str, parameters: list[dict[str, Any]], has_body: bool, scope: str, expected: list[int]
) -> None:
    found = statuses_of(method, parameters, has_body=has_body, scope=scope, open_to_all=scope == "public")
    assert found == expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"parameters": [{"in": "query", "name": "customer_id", "required": True}]}, True),
        ({"parameters": [{"in": "query", "name": "customer_id"}]}, False),
        ({"parameters": [{"in": "query", "name": "cursor", "required": True}]}, False),
        ({"requestBody": {"content": {"application/json": {"schema": {"$ref": f"{COMPONENTS}Buy"}}}}}, True),
        ({"requestBody": {"content": {"application/json": {"schema": {"$ref": f"{COMPONENTS}Make"}}}}}, False),
        ({}, False),
    ],
)
def test_an_operation_that_is_told_an_id_may_not_find_it(operation: dict[str, Any], expected: bool) -> None:
    schemas: dict[str, Any] = {
        "Buy": {"properties": {"offer_id": {}}},
        "Make": {"properties": {"external_id": {}, "name": {}}},
    }
    assert names_a_thing(operation, schemas) is expected


def test_two_services_cannot_mean_different_things_by_one_name() -> None:
    schemas = {"Page": {"type": "object"}}
    merge(schemas, {"Page": {"type": "object"}}, "notes")
    with pytest.raises(Clash, match="notes has a schema Page"):
        merge(schemas, {"Page": {"type": "string"}}, "notes")


def test_one_address_cannot_belong_to_two_services(monkeypatch: pytest.MonkeyPatch) -> None:
    customers = next(service for service in services() if service.name == "customers")
    copy = SimpleNamespace(name="copy", app=customers.app)
    monkeypatch.setattr(openapi, "services", lambda: (customers, copy))
    with pytest.raises(Clash, match="copy has addresses"):
        openapi.document()


def test_a_reader_expects_more_fields_and_a_writer_keeps_to_what_is_declared() -> None:
    inner = {"type": "object", "properties": {"city": {"type": "string"}}}
    schema = {"type": "object", "properties": {"address": inner}}
    strict = closed(schema)
    assert strict["additionalProperties"] is strict["properties"]["address"]["additionalProperties"] is False
    assert opened(strict) == schema
    free = {"type": "object", "additionalProperties": {}, "properties": {}}
    assert closed(free) == opened(free) == free


def test_what_refers_to_something_that_refers_to_something_reaches_both() -> None:
    def to(name: str) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{name}"}

    components: dict[str, Any] = {"A": {"items": to("B")}, "B": {"anyOf": [to("A"), {"type": "null"}]}, "C": {}}
    assert reachable({"schema": to("A")}, components) == {"A", "B"}


def test_an_example_of_a_field_is_written_as_json_schema_has_it_and_of_a_parameter_is_not() -> None:
    assert modernized({"type": "string", "example": "x"}) == {"type": "string", "examples": ["x"]}
    parameter = {"in": "query", "name": "q", "example": "x"}
    assert modernized(parameter) == parameter


def test_an_example_is_put_together_from_those_of_the_fields() -> None:
    components: dict[str, Any] = {
        "Note": {
            "type": "object",
            "required": ["text", "flags"],
            "properties": {
                "text": {"type": "string", "examples": ["Call back"]},
                "flags": {"type": "array", "items": {"enum": ["vip", "at_risk"]}},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "optional": {"type": "string"},
            },
        }
    }
    example = example_of({"$ref": "#/components/schemas/Note"}, components, "")
    assert example == {"text": "Call back", "flags": ["vip"], "at": None}


def test_a_required_field_without_an_example_is_named() -> None:
    schema: dict[str, Any] = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    with pytest.raises(NoExample, match=r"Note\.text"):
        example_of(schema, {}, "Note")


def test_a_handler_is_named_with_its_file() -> None:
    function, file = handler_of(Effect(_handle))
    assert function == "_handle"
    assert (ROOT / file).samefile(__file__)


def test_what_an_app_is_built_with_may_be_passed_on_but_not_used() -> None:
    def create(engine: object, *, name: str, size: int = 3) -> None:
        """A composition root."""

    made = stand_ins(create)
    assert set(made) == {"engine", "name"}
    assert isinstance(made["engine"], NeverCalled)
    with pytest.raises(RuntimeError, match=r"engine\.ping was called"):
        made["engine"].ping()


def _handle(session: object, event: object) -> None:
    """A handler of this test."""

"""Generated requests over the whole OpenAPI document: no 5xx, and no answer outside its schema."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from embedded.site import create_site
from tests.e2e.system import System

OPENAPI = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.json"
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@schemathesis.serializer("message/rfc822")
def as_it_is(_context: Any, value: Any) -> bytes:
    """A message is text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


def _operations() -> Iterator[Any]:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method.upper() not in METHODS:
                continue
            name = f"{method.upper()} {path}"
            yield pytest.param(name, GenerationMode.POSITIVE, id=f"{name} fitting")
            # What takes no input at all can't be given wrong input.
            if operation.get("parameters") or operation.get("requestBody") or operation["x-required-scope"] != "public":
                yield pytest.param(name, GenerationMode.NEGATIVE, id=f"{name} unfitting")


@pytest.fixture(scope="module")
def schema(system: System) -> Any:
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", create_site(system.assembly))


@pytest.fixture(scope="module")
def credential(system: System) -> str:
    """A key with every right, and something for it to find."""
    api = system.publisher()
    api.create(email="known@example.com", last_name="Known")
    system.drain()
    return api.credential


@pytest.mark.parametrize(("operation", "mode"), list(_operations()))
def test_every_answer_is_as_documented(schema: Any, credential: str, operation: str, mode: GenerationMode) -> None:
    method, path = operation.split(" ")
    headers = {"Authorization": f"Bearer {credential}"}

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=int(os.environ.get("SCHEMATHESIS_EXAMPLES", "30")),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def every_answer(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    every_answer()

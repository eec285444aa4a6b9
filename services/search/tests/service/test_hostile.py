"""Whatever is sent in whichever parameter: an answer or a clear refusal, soon, and never a failure."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from servicekit.ids import new_id
from services.search.tests.hostile import HOSTILE
from services.search.tests.service.system import System, publisher, told

LONGEST_SECONDS = 2.0
DEEP = "-" * 500 + "(" * 400
MORE = [
    "🏳️‍🌈👩‍👩‍👧‍👦" * 20, "שלום עולם", "مرحبا" * 50, "a OR " * 300, "OR" * 400, '"' * 999, '""' * 400, DEEP,
    "x" * 100_000, "city:" * 150, "a:b:c:d:e", "(a+)+$" * 100, "^(([a-z])+.)+[A-Z]([a-z])+$", "SELECT * FROM customer",
    "%00", "%s%n", "\r\nX-Injected: 1", "..", "9" * 400, "-9e999", "2026-99-99", "99999999999999999999y",
    "1985-03-12 " * 80,
    "ḁ̷̢̧̛" * 100, "ﷺ" * 500, "\u0130" * 500, " " * 900, ",," * 400,
]  # fmt: skip
FIELDS = ["city:{}", "email:{}", "phone:{}", "country:{}", "birthdate:{}", "registered>={}", "last_login<{}", "is:{}"]
PLACES: list[dict[str, str]] = [
    {"q": "{}"},
    {"filter": "{}"},
    {"cursor": "{}"},
    {"sort": "{}"},
    {"columns": "{}"},
    {"version_token": "{}"},
    {"limit": "{}"},
    {"total": "{}"},
    {"wait_ms": "{}"},
    {"{}": "x"},
    *({"q": field} for field in FIELDS),
    *({"filter": field} for field in FIELDS),
]


@pytest.fixture(scope="module")
def crowd() -> str:
    return publisher()


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_parameter_takes_or_refuses_anything(system: System, crowd: str, place: dict[str, str]) -> None:
    system.tell(told(crowd, new_id("cus"), first_name="Zoë", last_name="Quux", birthdate="1985-03-12"))
    system.index()
    for hostile in (*HOSTILE, *MORE):
        parameters = {name.replace("{}", hostile): value.replace("{}", hostile) for name, value in place.items()}
        for address in ("/v1/search/customers", "/v1/search/suggestions"):
            before = time.monotonic()
            response = system.client.get(address, query_string=_sendable(parameters), headers=system.as_program(crowd))
            assert response.status_code in (200, 400, 422), (address, hostile[:80], response.get_json())
            assert time.monotonic() - before < LONGEST_SECONDS, (address, hostile[:80])


@pytest.mark.parametrize(
    "name", ["q", "filter", "cursor", "sort", "columns", "version_token", "limit", "total", "nope"]
)
def test_every_member_of_a_body_takes_or_refuses_anything(system: System, crowd: str, name: str) -> None:
    nested: Any = "x"
    for _ in range(50):
        nested = [nested]
    for hostile in (*HOSTILE, *MORE, None, 1, 1e308, True, [], {}, {"a": {}}, nested, ["\ud800"], [[]]):
        body = json.dumps({name: hostile})
        before = time.monotonic()
        response = system.client.post(
            "/v1/search/customers/query",
            data=body,
            headers={**system.as_program(crowd), "Content-Type": "application/json"},
        )
        assert response.status_code in (200, 400, 413, 422), (hostile, response.get_json())
        assert time.monotonic() - before < LONGEST_SECONDS


def _sendable(parameters: dict[str, str]) -> dict[str, str]:
    """As a browser would send it: lone surrogates can't be, their replacement is."""
    return {_clean(name): _clean(value) for name, value in parameters.items()}


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()

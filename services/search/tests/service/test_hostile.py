"""Whatever is sent in whichever parameter: an answer or a clear refusal, soon, and never a failure."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import orjson
import pytest

from servicekit.testing.databases import Template
from services.search.folding import storable
from services.search.query.fields import FIELD_NAMES
from services.search.tests.hostile import HOSTILE
from services.search.tests.service.rebuilding import made_system
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
FIELDS = (*FIELD_NAMES, "is", "has", "zip")
PLACES: list[dict[str, str]] = [
    {"q": "{}"},
    {"filter": "{}"},
    {"cursor": "{}"},
    {"sort": "{}"},
    {"sort": "-{}"},
    {"columns": "{}"},
    {"version_token": "{}"},
    {"limit": "{}"},
    {"total": "{}"},
    {"wait_ms": "{}"},
    {"{}": "x"},
]
# Each in a way of its own: as it is, quoted, negated, compared, in a range, as one of several.
WAYS = ("{}:{{}}", '{}:"{{}}"', "-{}:{{}}", "{}>={{}}", "{}<{{}}", "{}:{{}}..{{}}", "{}:x,{{}}", "{}!={{}}")


@pytest.fixture(scope="module", params=["postgres", pytest.param("opensearch", marks=pytest.mark.real("OpenSearch"))])
def system(request: pytest.FixtureRequest, search_template: Template) -> Iterator[System]:
    """A crowd of one on each engine."""
    with made_system(search_template, request.param) as made:
        made.tell(
            told(CROWD, "cus_1", first_name="Zoë", last_name="Quux", birthdate="1985-03-12"),
            told(CROWD, "cus_2", last_name="Quux", company="Quux"),
        )
        made.index()
        yield made


CROWD = publisher()


def answers(system: System, address: str, parameters: dict[str, str]) -> None:
    """It does, soon, and whatever is wrong is the caller's."""
    before = time.monotonic()
    response = system.client.get(address, query_string=_sendable(parameters), headers=system.as_program(CROWD))
    told_of = (address, {name: value[:80] for name, value in parameters.items()}, response.get_json())
    assert response.status_code in (200, 400, 422), told_of
    assert time.monotonic() - before < LONGEST_SECONDS, told_of


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_parameter_takes_or_refuses_anything(system: System, place: dict[str, str]) -> None:
    for hostile in (*HOSTILE, *MORE):
        parameters = {name.replace("{}", hostile): value.replace("{}", hostile) for name, value in place.items()}
        answers(system, "/v1/search/customers", parameters)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("where", ["q", "filter"])
def test_every_field_takes_or_refuses_anything_in_the_search_box_and_the_filter(
    system: System, where: str, field: str
) -> None:
    for hostile, way in zip((*HOSTILE, *MORE), cycle(WAYS)):
        answers(system, "/v1/search/customers", {where: way.format(field).replace("{}", hostile)})


def test_suggestions_come_or_not_whatever_is_typed(system: System) -> None:
    for hostile in (*HOSTILE, *MORE):
        for typed in (hostile, f"quux {hostile}", f"city:{hostile}"):
            answers(system, "/v1/search/suggestions", {"q": typed})


@pytest.mark.parametrize("sort", [None, "last_name", "-registered_at", "company"])
def test_a_cursor_may_hold_anything(system: System, sort: str | None) -> None:
    """Nobody signs it: somebody may change what is in it."""
    parameters = {"q": "quux", "limit": "1", **({"sort": sort} if sort else {})}
    cursor = system.get(CROWD, **parameters).get_json()["next_cursor"]
    kind, began, key, customer_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    texts = [storable(each) for each in (*HOSTILE, *MORE)]
    moments: tuple[Any, ...] = (*texts, -1, 0, 2**63 - 1, -(2**63), 1e308, None, [], {})
    scores: tuple[Any, ...] = (-1, 2**24, 2**24 + 1, 2**63 - 1, None, True, 1.5, [[]], {})
    changes: tuple[Any, ...] = (
        *([kind, began, each, customer_id] for each in (*texts, *scores)),
        *([kind, began, key, each] for each in texts),
        *([each, began, key, customer_id] for each in texts),
        *([kind, each, key, customer_id] for each in moments),
        [kind],
        [],
        {},
    )
    for changed in changes:
        forged = base64.urlsafe_b64encode(orjson.dumps(changed)).rstrip(b"=").decode()
        answers(system, "/v1/search/customers", {**parameters, "cursor": forged})


@pytest.mark.parametrize(
    "name", ["q", "filter", "cursor", "sort", "columns", "version_token", "limit", "total", "nope"]
)
def test_every_member_of_a_body_takes_or_refuses_anything(system: System, name: str) -> None:
    nested: Any = "x"
    for _ in range(50):
        nested = [nested]
    for hostile in (*HOSTILE, *MORE, None, 1, 1e308, True, [], {}, {"a": {}}, nested, ["\ud800"], [[]]):
        body = json.dumps({name: hostile})
        before = time.monotonic()
        response = system.client.post(
            "/v1/search/customers/query",
            data=body,
            headers={**system.as_program(CROWD), "Content-Type": "application/json"},
        )
        assert response.status_code in (200, 400, 413, 422), (hostile, response.get_json())
        assert time.monotonic() - before < LONGEST_SECONDS


def _sendable(parameters: dict[str, str]) -> dict[str, str]:
    """As a browser would send it: lone surrogates can't be, their replacement is."""
    return {_clean(name): _clean(value) for name, value in parameters.items()}


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()

"""Somebody who may read, but not see who anybody is, learns it by no address, suggestion or error.

Every request is sent in two worlds that differ in nothing but who the customers are. Who is answered alike in both has
learned nothing: not from what is found, how many, in which order, nor from how a refusal reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.masking_worlds import CANARIES, ELSE_WHO, OPENAPI, WHO, Request, World, requests, world
from tests.e2e.system import System

REQUESTS = list(requests())
STEP_EVERY = 20
OPERATIONS = sorted({request.operation for request in REQUESTS})


@pytest.fixture(scope="module")
def worlds(system: System) -> tuple[World, World]:
    return world(system, WHO), world(system, ELSE_WHO)


def test_the_canaries_are_where_they_would_be_seen(worlds: tuple[World, World]) -> None:
    owner, (customer_id, _second) = worlds[0].owner, worlds[0].customer_ids
    shown = owner.send("GET", f"/v1/customers/{customer_id}").text
    assert all(canary in shown for canary in ("anary", "CNRY1", "1931"))
    assert customer_id in owner.found("Canarylast")
    assert "anary" in owner.send("GET", f"/v1/customers/{customer_id}/changes").text


def test_all_that_can_be_asked_is_asked() -> None:
    assert {"get_customer", "list_customer_changes", "search_customers", "query_customers", "suggest"} < set(OPERATIONS)
    assert len(REQUESTS) > 500


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nobody_is_told_apart_by_who_they_are(system: System, worlds: tuple[World, World], operation: str) -> None:
    seen_canaries, apart, broken, failed = [], [], [], []
    for number, request in enumerate(_of(operation)):
        if number % STEP_EVERY == 0:
            system.assembly.step()  # a connection that nobody looks at for long is closed by its server
        answers = [request.send(each) for each in worlds]
        if answers[0].status_code >= 500:
            failed.append(request)
        if worlds[0].seen(answers[0]) != worlds[1].seen(answers[1]):
            apart.append((request, answers[0].text[:500], answers[1].text[:500]))
        told = f"{answers[0].text}{answers[0].headers}"
        hidden = (answers[0].json or {}).get("code") == "personal_data_hidden" if answers[0].is_json else False
        if (hidden or not request.says_who) and any(canary in told for canary in CANARIES):
            seen_canaries.append((request, told[:500]))
        broken += _mistakes(request, answers[0].status_code, answers[0].get_json(silent=True))
    assert not failed, failed[:3]
    assert not seen_canaries, seen_canaries[:3]
    assert not apart, apart[:3]
    assert not broken, broken[:3]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/{}",
        "/v1/customers",
        "/v1/customers/{}/changes",
        "/v1/search/customers",
        "/v1/search/customers?q={}",
    ],
)
def test_what_may_be_read_is_answered_and_says_what_is_masked(worlds: tuple[World, World], path: str) -> None:
    answer = worlds[0].viewer.send("GET", path.format(worlds[0].customer_ids[0]))
    assert answer.status_code == 200, answer.text
    assert '"masked":["' in answer.text
    assert worlds[0].customer_ids[0] in answer.text


def _of(operation: str) -> Iterable[Request]:
    return [request for request in REQUESTS if request.operation == operation]


def _mistakes(request: Request, status: int, answer: Any) -> list[str]:
    """How an answer breaks its description."""
    for methods in OPENAPI["paths"].values():
        described = methods.get(request.method.lower())
        if described is not None and described["operationId"] == request.operation:
            content = described["responses"].get(str(status), {}).get("content", {}).get("application/json")
            if content is None or answer is None:
                return []
            schema = {**content["schema"], "components": OPENAPI["components"]}
            return [
                f"{request}: {mistake.message[:200]}" for mistake in Draft202012Validator(schema).iter_errors(answer)
            ]
    return [f"{request.operation} is not described"]

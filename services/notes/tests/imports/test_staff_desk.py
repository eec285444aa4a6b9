"""Asking identity over HTTP who of the staff has an email address."""

from __future__ import annotations

import json

import httpx2
import pytest

from servicekit.errors import Unavailable
from services.notes.staff_desk import HttpStaffDesk, StaffMember


def _desk(answer: httpx2.Response | Exception, asked: list[httpx2.Request] | None = None) -> HttpStaffDesk:
    def respond(request: httpx2.Request) -> httpx2.Response:
        if asked is not None:
            asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return HttpStaffDesk(httpx2.Client(base_url="http://identity", transport=httpx2.MockTransport(respond)))


def test_staff_are_told_by_their_addresses() -> None:
    asked: list[httpx2.Request] = []
    told = {"items": [{"id": "stf_kim", "name": "Kim", "email": "kim@example.com"}]}
    found = _desk(httpx2.Response(200, json=told), asked).find("pub_a", {"kim@example.com", "jo@example.com"})
    assert found == {"kim@example.com": StaffMember("stf_kim", "Kim")}
    (request,) = asked
    assert (request.method, request.url.path) == ("POST", "/internal/staff")
    assert json.loads(request.content) == {"publisher_id": "pub_a", "emails": ["jo@example.com", "kim@example.com"]}


@pytest.mark.parametrize(
    "trouble",
    [
        httpx2.Response(503),
        httpx2.Response(403),
        httpx2.Response(200, content=b"<html>"),
        httpx2.Response(200, json={"items": [{}]}),
        httpx2.ConnectError("down"),
    ],
    ids=["down", "not allowed", "no JSON", "another answer", "not there"],
)
def test_an_identity_that_does_not_answer_is_no_answer(trouble: httpx2.Response | Exception) -> None:
    with pytest.raises(Unavailable):
        _desk(trouble).find("pub_a", {"kim@example.com"})

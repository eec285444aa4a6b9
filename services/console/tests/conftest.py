"""The console in front of an API whose answers a test decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.console.app import create_console
from services.console.settings import Settings
from services.console.signed_in import COOKIE
from services.console.tests.examples import ME, PAGE, PREFERENCES

SECRET = "ses_" + "s" * 43


@dataclass
class FakeApi:
    """Stands in for the gateway: answers by method and path, and notes what was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.get(f"{request.method} {request.url.path}")
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, httpx2.Response):
            return answer
        if answer is None:
            return problem(404, "not_found", "There is nothing at this address.")
        return httpx2.Response(200, json=answer)

    def bodies(self, path: str) -> list[Any]:
        """What was sent to this path."""
        return [json.loads(request.content) for request in self.asked if request.url.path == path and request.content]


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> httpx2.Response:
    """A problem document, as every service answers it."""
    document = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail, **more}
    return httpx2.Response(status, json=document, headers=headers)


@pytest.fixture
def fake() -> FakeApi:
    return FakeApi(
        {
            "GET /v1/identity/me": ME,
            "POST /v1/search/customers/query": PAGE,
            "POST /v1/identity/token": {"access_token": SECRET, "token_type": "Bearer", "expires_in": 43200},
            "DELETE /v1/identity/token": httpx2.Response(204),
            "GET /v1/identity/me/preferences": PREFERENCES,
            "GET /v1/search/suggestions": {"suggestions": []},
        }
    )


@pytest.fixture
def console(fake: FakeApi) -> Flask:
    transport = httpx2.MockTransport(fake)
    return create_console(Settings(secret="x" * 64), transport=transport, identity_transport=transport)


@pytest.fixture
def stranger(console: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return console.test_client()


@pytest.fixture
def client(console: Flask) -> FlaskClient:
    """A browser that somebody has signed in with."""
    signed_in = console.test_client()
    signed_in.set_cookie(COOKIE, SECRET, path="/console")
    return signed_in


@pytest.fixture
def token(client: FlaskClient) -> Callable[[FlaskClient], str]:
    """Reads the forms' token off a page."""
    return form_token


def form_token(client: FlaskClient, path: str = "/console/sign-in") -> str:
    """The token that a page's forms hold."""
    return client.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]

"""Our own services look staff up by their addresses, one publisher's at a time; nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from servicekit.db.database import Database
from services.identity.models import Staff
from services.identity.signer import Signer
from services.identity.tests.conftest import Client, make_owner

PATH = "/internal/staff"


def _ask(app: Flask, signer: Signer, body: Any, *scopes: str) -> TestResponse:
    token = signer.service_token("notes", audience="identity", scopes=frozenset(scopes), seconds=60)
    return app.test_client().post(PATH, json=body, headers={"Authorization": f"Bearer {token}"})


def test_staff_are_found_by_their_addresses_at_their_own_publisher(
    app: Flask, signer: Signer, database: Database, owner: Staff
) -> None:
    other = make_owner(database, "other@example.com")
    body = {"publisher_id": owner.publisher_id, "emails": [owner.email.upper(), other.email, "x@example.com"]}
    answer = _ask(app, signer, body, "identity:staff")
    assert answer.status_code == 200, answer.text
    assert answer.json == {"items": [{"id": owner.id, "name": owner.name, "email": owner.email}]}


@pytest.mark.parametrize("scopes", [("notes:feed",), ()], ids=["another", "none"])
def test_it_needs_its_scope(app: Flask, signer: Signer, owner: Staff, scopes: tuple[str, ...]) -> None:
    body = {"publisher_id": owner.publisher_id, "emails": [owner.email]}
    assert _ask(app, signer, body, *scopes).status_code == 403


def test_the_owner_has_no_such_scope(signed_in: Client, owner: Staff) -> None:
    body = {"publisher_id": owner.publisher_id, "emails": [owner.email]}
    assert signed_in.send("POST", PATH, json=body).status_code == 403


def test_what_is_not_as_described_is_refused(app: Flask, signer: Signer) -> None:
    for body in ({}, {"publisher_id": "p", "emails": "x"}, {"publisher_id": "p", "emails": ["x"] * 1001}):
        assert _ask(app, signer, body, "identity:staff").status_code == 422

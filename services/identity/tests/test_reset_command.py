"""The command for when the owner's password is lost."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from servicekit.errors import Unauthorized
from servicekit.testing.databases import ScratchDatabase
from services.identity.__main__ import main
from services.identity.models import Staff
from services.identity.tests.conftest import PASSWORD, Client
from services.identity.tests.people import ME, TOKEN, edit, person, settle


@pytest.fixture(autouse=True)
def environment(scratch: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_DATABASE_URL_APP", scratch.urls.app)
    monkeypatch.setenv("IDENTITY_DATABASE_URL_SYSTEM", scratch.urls.system)
    monkeypatch.setenv("IDENTITY_SECRET", "a secret of the tests, long enough")


def run(email: str) -> Result:
    return CliRunner().invoke(main, ["reset-password", "--email", email])


def test_the_owner_gets_in_again(signed_in: Client, client: Client, owner: Staff) -> None:
    made = json.loads(run(owner.email.upper()).stdout)
    with pytest.raises(Unauthorized):
        signed_in.send("GET", ME)
    assert client.send("POST", TOKEN, json={"email": owner.email, "password": PASSWORD}).status_code == 401
    back = settle(client, {"id": owner.id, **made})
    assert (back.client.send("GET", ME).json or {})["role"] == "owner"


def test_whoever_is_not_there_is_told(signed_in: Client) -> None:
    grace = person(signed_in, "agent")
    edit(signed_in, grace.id, status="disabled")
    for email in ("nobody@example.com", grace.email):
        result = run(email)
        assert result.exit_code == 1
        assert "Nobody who is active" in result.output

"""What was there before a migration goes on, and processes of the version before with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.identity.credentials import digest
from services.identity.models import Staff
from services.identity.tests.conftest import Client

KEY = "ak_live_old"


@pytest.fixture
def as_before(scratch: ScratchDatabase, owner: Staff) -> Iterator[Database]:
    """The database, with what only a process of the version before writes: no column that is new."""
    database = Database(scratch.urls.app, pool_size=1)
    with database.transaction(owner.publisher_id) as session:
        session.execute(
            text(
                "INSERT INTO staff_session (secret_hash, publisher_id, staff_id, created_at, expires_at) "
                "VALUES (:hash, :publisher, :staff, :now, :now + interval '1 hour')"
            ),
            {"hash": digest("ses_old"), "publisher": owner.publisher_id, "staff": owner.id, "now": clock.now()},
        )
    yield database
    database.close()


def old_key(database: Database, owner: Staff, *scopes: str) -> None:
    with database.transaction(owner.publisher_id) as session:
        session.execute(
            text(
                "INSERT INTO api_key (id, publisher_id, name, secret_hash, hint, scopes, created_by, created_at) "
                "VALUES ('key_old', :publisher, 'Old', :hash, 'ak_live_old_', :scopes, :staff, :now)"
            ),
            {
                "publisher": owner.publisher_id,
                "hash": digest(KEY),
                "scopes": list(scopes),
                "staff": owner.id,
                "now": clock.now(),
            },
        )


@pytest.mark.parametrize("reading", ["customers:read", "search:read"])
def test_a_key_from_before_sees_personal_data_as_before(
    as_before: Database, owner: Staff, client: Client, signed_in: Client, reading: str
) -> None:
    old_key(as_before, owner, reading)
    me = client.using(KEY).send("GET", "/v1/identity/me").json or {}
    assert me["scopes"] == sorted([reading, "personal:read"])
    listed = signed_in.send("GET", "/v1/identity/api_keys").json or {}
    assert listed["items"][0]["scopes"] == me["scopes"]


def test_a_key_from_before_that_read_nothing_gains_nothing(as_before: Database, owner: Staff, client: Client) -> None:
    old_key(as_before, owner, "identity:read")
    me = client.using(KEY).send("GET", "/v1/identity/me").json or {}
    assert me["scopes"] == ["identity:read"]


@pytest.mark.parametrize("scope", ["customers:write", "customers:import"])
def test_a_key_from_before_is_answered_what_it_wrote_as_before(
    as_before: Database, owner: Staff, client: Client, scope: str
) -> None:
    old_key(as_before, owner, scope)
    me = client.using(KEY).send("GET", "/v1/identity/me").json or {}
    assert me["scopes"] == [scope, "personal:read"]


def test_a_new_key_without_the_scope_does_not_see_them(signed_in: Client) -> None:
    body = {"name": "Counting", "scopes": ["customers:read"]}
    made = signed_in.send("POST", "/v1/identity/api_keys", json=body).json or {}
    assert made["scopes"] == ["customers:read"]
    me = signed_in.using(made["secret"]).send("GET", "/v1/identity/me").json or {}
    assert me["scopes"] == ["customers:read"]


@pytest.mark.usefixtures("as_before")
def test_a_session_begun_by_a_process_from_before_works(client: Client) -> None:
    me = client.using("ses_old").send("GET", "/v1/identity/me").json or {}
    assert me["session_expires_at"] is not None
    assert "personal:read" in me["scopes"]

"""Staff for tests: added over the API and signed in as they would be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.identity.tests.conftest import Client

STAFF = "/v1/identity/staff"
ME = "/v1/identity/me"
TOKEN = "/v1/identity/token"
TRANSFER = "/v1/identity/publisher/transfer_ownership"
NEW_PASSWORD = "three green bicycles at dawn"


@dataclass(frozen=True, slots=True)
class Person:
    """A staff member, with a session of theirs."""

    id: str
    email: str
    client: Client


def add(client: Client, email: str, role: str, name: str = "Grace Hopper") -> dict[str, Any]:
    """A new staff member, as the answer tells."""
    answer = client.send("POST", STAFF, json={"email": email, "name": name, "role": role})
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def sign_in(client: Client, email: str, password: str = NEW_PASSWORD) -> Client:
    """A session of whoever has these."""
    answer = client.send("POST", TOKEN, json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return client.using((answer.json or {})["access_token"])


def settle(client: Client, made: dict[str, Any]) -> Person:
    """Sign in with the temporary password, and set one of one's own."""
    session = sign_in(client, made["email"], made["temporary_password"])
    body = {"current_password": made["temporary_password"], "new_password": NEW_PASSWORD}
    answer = session.send("POST", f"{ME}/password", json=body)
    assert answer.status_code == 204, answer.text
    return Person(made["id"], made["email"], session)


def person(manager: Client, role: str, email: str | None = None) -> Person:
    """A staff member of this role, who has signed in and set a password."""
    return settle(manager, add(manager, email or f"{role}@example.com", role))


def edit(client: Client, staff_id: str, *, version: int | str = "*", **data: Any) -> Any:
    """The answer to an edit."""
    tag = "*" if version == "*" else f'"{version}"'
    return client.send("PATCH", f"{STAFF}/{staff_id}", json=data, headers={"If-Match": tag})


def roles(client: Client) -> dict[str, str]:
    """Everybody's role, by email address."""
    return {item["email"]: item["role"] for item in (client.send("GET", STAFF).json or {})["items"]}


def read(client: Client, staff_id: str) -> dict[str, Any]:
    """A staff member, who must be there."""
    answer = client.send("GET", f"{STAFF}/{staff_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def key_of(client: Client, *scopes: str) -> Client:
    """A new API key with these scopes."""
    made = client.send("POST", "/v1/identity/api_keys", json={"name": "Key", "scopes": list(scopes)}).json or {}
    return client.using(made["secret"])

"""Who may do what: every operation of the OpenAPI document, by every role, on own and on another publisher's things."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from servicekit import clock
from servicekit.ids import new_id
from services.notifications.inbound import person_told
from services.notifications.mailing import Order, write_mail
from services.notifications.people import take_in
from services.notifications.settings import MailDefaults
from tests.e2e.sold import begin_import, sell, session_of
from tests.e2e.system import Api, System

# Any valid credential will do.
SIGNED_IN = "signed_in"
OPENAPI = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.json"

# By hand, from the table of rights in the requirements; not from the code that enforces it.
EVERYBODY = {"owner", "admin", "agent", "viewer", "viewer_no_pii"}
MAY = {
    "customers:read": EVERYBODY,
    "customers:write": {"owner", "admin", "agent"},
    "customers:anonymize": {"owner", "admin"},
    "customers:import": {"owner", "admin"},
    "billing:read": EVERYBODY,
    "billing:write": {"owner", "admin", "agent"},
    "billing:manage": {"owner", "admin"},
    "billing:import": {"owner", "admin"},
    "notes:read": EVERYBODY,
    "notes:write": {"owner", "admin", "agent"},
    "notes:manage": {"owner", "admin"},
    "notes:import": {"owner", "admin"},
    "search:read": EVERYBODY,
    "notifications:read": EVERYBODY,
    "notifications:write": {"owner", "admin", "agent"},
    "notifications:manage": {"owner", "admin"},
    "notifications:bounces": {"owner", "admin"},
    "identity:read": EVERYBODY,
    SIGNED_IN: EVERYBODY,
    "identity:manage": {"owner", "admin"},
}
# Not told by the scope: admins have it too. The note is somebody else's (own ones: see below).
OWNER_ONLY = {
    "POST /v1/identity/publisher/transfer_ownership",
    "PATCH /v1/notes/{note_id}",
    "DELETE /v1/notes/{note_id}",
}
# What can't be masked, so that the scope alone isn't enough.
UNMASKABLE = {
    "GET /v1/notifications/emails/{email_id}/preview",
    "GET /v1/notifications/invoices/{invoice_id}/page",
    "GET /v1/notifications/invoices/{invoice_id}/pdf",
}
# Named by what everybody has: an address of these leads to the asker's own.
EVERYBODYS_OWN = ("/v1/notifications/templates/",)
CANARY = "Canarybird"
FILES = {"customers": f"email,company\nx@example.com,{CANARY}\n", "notes": f"email,text\nx@example.com,{CANARY}\n"}
BILLINGS = (
    "offer_id", "payment_method_id", "transaction_id", "subscription_id", "access_id", "invoice_id", "import_id",
)  # fmt: skip
# What is listed for one customer, who is named in the query.
OF_A_CUSTOMER = {
    "/v1/notes",
    *(f"/v1/billing/{noun}" for noun in ("payment_methods", "subscriptions", "transactions", "access", "invoices")),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    scope: str
    example: Any
    media_type: str = "application/json"


def _operations() -> Iterator[Operation]:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "patch", "put", "delete"):
                bodies = operation.get("requestBody", {}).get("content", {"application/json": {}})
                media_type, content = next(iter(bodies.items()))
                examples = [entry["value"] for entry in content.get("examples", {}).values()]
                example = content.get("example", examples[0] if examples else None)
                yield Operation(method.upper(), path, operation["x-required-scope"], example, media_type)


OPERATIONS = list(_operations())
GUARDED = [operation for operation in OPERATIONS if operation.scope != "public"]
SCOPED = [operation for operation in GUARDED if operation.scope != SIGNED_IN]


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


@dataclass(frozen=True, slots=True)
class Belongings:
    """A publisher with a customer, a second API key, a staff member, and a file of which not everything has come."""

    api: Api
    customer: dict[str, Any]
    key_id: str
    import_ids: Mapping[str, str]
    staff_id: str
    session_id: str
    sold: Mapping[str, str]
    note: dict[str, Any]
    flag: str
    email_id: str

    def path(self, operation: Operation) -> str:
        """The operation's address with this publisher's things in it, and what must be in its query."""
        path = operation.path.format(
            customer_id=self.customer["id"],
            key_id=self.key_id,
            import_id=self.import_ids.get(operation.path.split("/")[2], self.sold["import_id"]),
            staff_id=self.staff_id,
            session_id=self.session_id,
            **{name: value for name, value in self.sold.items() if name != "import_id"},
            email_id=self.email_id,
            kind="welcome",
            language="en",
            version=1,
            note_id=self.note.get("id"),
            key=self.flag,
        )
        query = ""
        if operation.method == "GET" and operation.path in OF_A_CUSTOMER:
            query = f"?customer_id={self.customer['id']}"
        elif _name(operation) == "POST /v1/billing/imports":
            query = "?kind=transactions"
        return f"{path}?offset=0" if path.endswith("/content") else path + query

    def body(self, operation: Operation) -> Any:
        """The operation's example, with this publisher's things in it."""
        example = operation.example
        if not isinstance(example, dict):
            return example
        own = {"staff_id": self.staff_id, "customer_id": self.customer["id"], **self.sold}
        return {**example, **{name: value for name, value in own.items() if name in example}}


def _belongings(system: System, operation: Operation | None = None) -> Belongings:
    """What a publisher has, or as much of it as this operation may be about."""
    api = system.publisher()
    customer = api.create(email=f"{CANARY}-{secrets.token_hex(4)}@example.com", last_name=CANARY)
    answer = api.send("POST", "/v1/identity/api_keys", {"name": CANARY, "scopes": ["customers:read"]})
    assert answer.status_code == 201, answer.text
    import_ids = {name: begin_import(api, f"/v1/{name}/imports?", file) for name, file in FILES.items()}
    email = f"{CANARY}-{secrets.token_hex(4)}@example.com"
    added = api.send("POST", "/v1/identity/staff", {"email": email, "name": CANARY, "role": "agent"})
    assert added.status_code == 201, added.text
    key_id, staff_id = ((made.json or {})["id"] for made in (answer, added))
    session_id = session_of(system.staff(api.publisher_id, "owner"))
    sold: Mapping[str, str] = dict.fromkeys(BILLINGS, "")
    if operation is None or operation.path.startswith("/v1/billing") or "{invoice_id}" in operation.path:
        system.drain()
        sold = sell(api, customer["id"])
    note: dict[str, Any] = {}
    flag = "vip"
    if operation is None or operation.path.startswith("/v1/notes"):
        system.drain()
        note, flag = _write_note(api, customer["id"])
    email_id = _email_to(system, customer, api)
    return Belongings(api, customer, key_id, import_ids, staff_id, session_id, sold, note, flag, email_id)


def _email_to(system: System, customer: dict[str, Any], api: Api) -> str:
    """The ID of a mail to this customer, whose welcome is still on its way."""
    with system.assembly.databases["notifications.app"].transaction(api.publisher_id) as session:
        told = [person_told(customer["id"], customer["version"], customer)]
        take_in(session, publisher_id=api.publisher_id, told=told)
        order = Order("receipt", customer["id"], new_id("evt"))
        mail = write_mail(session, order, publisher_id=api.publisher_id, defaults=MailDefaults(), now=clock.now())
        assert mail is not None
        return mail.id


def _write_note(api: Api, customer_id: str) -> tuple[dict[str, Any], str]:
    """A note, and the key of a flag."""
    written = api.send("POST", "/v1/notes", {"customer_id": customer_id, "text": f"{CANARY} called."})
    assert written.status_code == 201, written.text
    flag = api.send("POST", "/v1/notes/flags", {"name": CANARY})
    assert flag.status_code == 201, flag.text
    return dict(written.json or {}), str((flag.json or {})["key"])


@pytest.fixture(scope="module")
def mine(system: System) -> Belongings:
    return _belongings(system)


def _send(api: Api, operation: Operation, target: Belongings) -> TestResponse:
    path = target.path(operation)
    if operation.media_type != "application/json":
        return api.send_file(path, operation.example, media_type=operation.media_type)
    headers = {"If-Match": "*"} if operation.method in ("PATCH", "PUT") else None
    return api.send(operation.method, path, target.body(operation), headers=headers)


def test_every_scope_is_in_the_table() -> None:
    assert {operation.scope for operation in GUARDED} == set(MAY)
    assert len(GUARDED) > 10


@pytest.mark.parametrize("role", sorted(EVERYBODY))
@pytest.mark.parametrize("operation", GUARDED, ids=_name)
def test_a_role_may_do_what_the_table_says(system: System, operation: Operation, role: str) -> None:
    target = _belongings(system, operation)
    api = system.staff(target.api.publisher_id, role)
    target = replace(target, session_id=session_of(api))

    answer = _send(api, operation, target)

    if role == "viewer_no_pii" and _name(operation) in UNMASKABLE:
        assert (answer.status_code, "personal:read" in answer.text) == (403, True)
    elif role == "viewer_no_pii" and operation.scope == "search:read" and answer.status_code == 403:
        assert (answer.json or {})["code"] == "personal_data_hidden", "the example asks by a name"
    elif role in MAY[operation.scope] and not (_name(operation) in OWNER_ONLY and role != "owner"):
        assert answer.status_code < 500, answer.text
        not_begun = answer.status_code == 404 and (answer.json or {})["code"] == "anonymization_not_found"
        assert answer.status_code not in (401, 403, 404) or not_begun, answer.text
    else:
        assert answer.status_code == 403, answer.text
        assert _name(operation) in OWNER_ONLY or operation.scope in (answer.json or {})["detail"]
        assert target.api.get(f"/v1/customers/{target.customer['id']}") == target.customer
        assert not target.note or target.api.get(f"/v1/notes/{target.note['id']}") == target.note


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_ones_own_note_may_be_changed_by_whoever_may_write(system: System, mine: Belongings, role: str) -> None:
    staff = system.staff(mine.api.publisher_id, role)
    written = staff.send("POST", "/v1/notes", {"customer_id": mine.customer["id"], "text": "Mine."})
    if role not in MAY["notes:write"]:
        assert written.status_code == 403
        return
    address = f"/v1/notes/{(written.json or {})['id']}"
    assert staff.send("PATCH", address, {"text": "Still mine."}, headers={"If-Match": "*"}).status_code == 200
    assert staff.send("DELETE", address).status_code == 204


@pytest.mark.parametrize("operation", GUARDED, ids=_name)
def test_without_a_valid_credential_nothing_is_answered(system: System, mine: Belongings, operation: Operation) -> None:
    for credential in ("", "ak_live_wrong", "ses_wrong", "eyJhbGciOiJub25lIn0.e30."):
        answer = _send(Api(system.client, credential), operation, mine)
        assert answer.status_code == 401, answer.text
        assert answer.content_type == "application/problem+json"
        assert CANARY not in answer.text


@pytest.mark.parametrize("operation", GUARDED, ids=_name)
def test_another_publishers_things_are_not_there(system: System, mine: Belongings, operation: Operation) -> None:
    stranger = system.publisher()
    if operation.scope == SIGNED_IN:
        stranger = system.staff(stranger.publisher_id, "owner")
    system.drain()

    answer = _send(stranger, operation, mine)

    assert CANARY not in answer.text.replace(json.dumps(operation.example), "")
    assert mine.customer["id"] not in answer.text
    if "{" in operation.path and not operation.path.startswith(EVERYBODYS_OWN):
        assert answer.status_code == 404, answer.text
    assert mine.api.get(f"/v1/customers/{mine.customer['id']}") == mine.customer
    assert mine.api.get(f"/v1/notes/{mine.note['id']}") == mine.note
    keys = mine.api.get("/v1/identity/api_keys")["items"]
    assert any(key["id"] == mine.key_id and key["revoked_at"] is None for key in keys)


def test_who_one_is_needs_no_scope(system: System) -> None:
    for scope in sorted(set(MAY) - {SIGNED_IN}):
        api = system.publisher([scope])
        me = api.get("/v1/identity/me")
        assert (me["publisher_id"], me["scopes"]) == (api.publisher_id, [scope])


@pytest.mark.parametrize("operation", SCOPED, ids=_name)
def test_a_key_without_the_scope_may_not(system: System, mine: Belongings, operation: Operation) -> None:
    others = sorted(set(MAY) - {operation.scope, SIGNED_IN})
    api = system.publisher(others)

    answer = _send(api, operation, mine)

    assert answer.status_code == 403
    assert operation.scope in (answer.json or {})["detail"]

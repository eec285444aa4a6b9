"""What is really published is what the contract says."""

from __future__ import annotations

from typing import cast

import pytest
from sqlalchemy import select

from servicekit.bus import Message, Publisher
from servicekit.db.tables import event_log
from tests.e2e.checked import CheckedPublisher
from tests.e2e.returned_mail import report
from tests.e2e.system import Api, System
from tests.e2e.whole_life import Life
from tools.contracts import BrokenContract, validate_event
from tools.generate.event_schemas import published


def test_every_type_that_is_declared_really_passes_the_bus_as_declared(system: System, api: Api) -> None:
    """The check itself is in the bus of these tests, so that whatever any of them publishes goes through it."""
    anna = api.create(
        email="anna@example.com", last_name="Müller", birthdate="1985-03-12", address={"city": "Köln"},
        external_ids=[{"id": "C-1"}], attributes={"plan": "gold", "score": 1.5, "trial": False},
    )  # fmt: skip
    api.edit(anna["id"], last_name="Schmidt")
    assert api.send("POST", f"/v1/customers/{anna['id']}/logins", {}).status_code == 201
    system.drain()
    _write_notes(api, anna["id"])
    Life(system, api, anna["id"]).live()
    system.drain()
    _write_mails(system, api, anna["id"])
    logged = _logged(system)  # what no queue takes goes there only
    forgotten = api.send("POST", f"/v1/customers/{anna['id']}/anonymize", {"end_access": True})
    assert forgotten.status_code == 202, forgotten.text
    system.drain()

    assert {kind.name for _service, kind in published()} <= system.bus.passed | logged


def _logged(system: System) -> set[str]:
    """The types in the event logs, each of their events as the contract says."""
    found: set[str] = set()
    for service in system.assembly.relays:
        with system.assembly.databases[f"{service}.system"].transaction() as session:
            for kind, payload in session.execute(select(event_log.c.type, event_log.c.payload)):
                if payload is not None:
                    validate_event(payload.encode())
                    found.add(kind)
    return found


def _write_notes(api: Api, customer_id: str) -> None:
    note = api.send("POST", "/v1/notes", {"customer_id": customer_id, "text": "Likes tea.", "flags": ["vip"]})
    assert note.status_code == 201, note.text
    address = f"/v1/notes/{(note.json or {})['id']}"
    assert api.send("PATCH", address, {"text": "Likes coffee."}, headers={"If-Match": "*"}).status_code == 200
    assert api.send("DELETE", address).status_code == 204


def _write_mails(system: System, api: Api, customer_id: str) -> None:
    """One that comes back, one that the mail server refuses, and one that the publisher delivers itself."""
    sent = api.get("/v1/notifications/emails", customer_id=customer_id, status="sent", kind="welcome")["items"]
    answer = api.send_file("/v1/notifications/bounces", report(sent[0]["id"]), media_type="message/rfc822")
    assert answer.status_code == 200, answer.text
    assert (answer.json or {})["email_status"] == "bounced"
    system.mail.refused.add("nobody@example.com")
    api.create(email="nobody@example.com", last_name="Nobody")
    system.drain()
    settings = {"delivery": "publisher"}
    answer = api.send("PATCH", "/v1/notifications/settings", settings, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    api.create(email="berta@example.com", last_name="Schulz")
    system.drain()
    statuses = {each["status"] for each in api.get("/v1/notifications/emails", kind="welcome")["items"]}
    assert statuses == {"bounced", "failed", "generated_not_sent"}


def test_what_breaks_the_contract_does_not_pass() -> None:
    publisher = CheckedPublisher(cast("Publisher", None))
    with pytest.raises(BrokenContract):
        publisher.publish([Message("evt_1", "customers.customer.edited.v1", b'{"type": "nobody.v1"}', {})], timeout=1)
    assert publisher.passed == set()

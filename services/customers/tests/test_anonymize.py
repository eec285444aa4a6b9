"""Anonymizing: nothing personal stays in this service's database, and the ledger knows who has confirmed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database
from servicekit.errors import Unavailable
from servicekit.events import Event
from servicekit.parking import park
from services.customers.errors import BillingRefused
from services.customers.events import PUBLISHED
from services.customers.handlers import QUEUE, SUBSCRIPTIONS
from services.customers.tests.conftest import Api, Desk, outbox_of

CANARIES: dict[str, Any] = {
    "email": "canaryemail@example.com",
    "first_name": "Canaryfirst",
    "last_name": "Canarylast",
    "company": "Canarycompany",
    "birthdate": "1931-01-31",
    "phone": "+49 555 1931931",
    "language": "gsw",
    "address": {"line1": "Canarystreet 1", "city": "Canarycity", "state": "Canarystate", "postal_code": "CNRY1"},
    "external_ids": [{"id": "canaryexternal"}],
    "attributes": {"canaryname": "canaryvalue"},
}
NEEDLES = ("anary", "CNRY1", "1931-01-31", "1931931", "gsw")
# Random letters and digits, in which a short needle is bound to turn up one day.
ID = re.compile(r"[a-z]+_[0-9a-z]{26}")


@pytest.fixture
def canary(api: Api) -> dict[str, Any]:
    customer = api.create(**CANARIES)
    api.edit(customer["id"], last_name="Canaryolder")
    api.send("POST", f"/v1/customers/{customer['id']}/logins", {}, headers={"Idempotency-Key": "canarylogin"})
    return customer


def test_nothing_personal_stays_in_any_table(api: Api, canary: dict[str, Any], scratch: Any) -> None:
    before = "".join(_rows(scratch))
    assert all(needle in before for needle in NEEDLES), "the canaries are not where this test would find them"

    answer = api.send("POST", f"/v1/customers/{canary['id']}/anonymize", {})

    assert answer.status_code == 202
    for row in _rows(scratch):
        assert not any(needle in row.replace("canarylogin", "") for needle in NEEDLES), row


def test_the_customer_stays_as_a_nameless_one(api: Api, canary: dict[str, Any]) -> None:
    api.send("POST", f"/v1/customers/{canary['id']}/anonymize", {})

    left = api.send("GET", f"/v1/customers/{canary['id']}").json or {}
    assert (left["status"], left["email"], left["address"], left["external_ids"]) == ("anonymized", None, None, [])
    assert left["anonymized_at"] is not None
    assert api.edit(canary["id"], last_name="Again").status_code == 409
    assert api.send("POST", f"/v1/customers/{canary['id']}/logins", {}).status_code == 409
    api.create(email=CANARIES["email"], external_ids=CANARIES["external_ids"])


def test_the_history_keeps_which_fields_changed_but_no_values(api: Api, canary: dict[str, Any]) -> None:
    api.send("POST", f"/v1/customers/{canary['id']}/anonymize", {})

    history = (api.send("GET", f"/v1/customers/{canary['id']}/changes").json or {})["items"]
    assert [entry["action"] for entry in history] == ["anonymized", "edited", "created"]
    assert {entry["editor"]["name"] for entry in history} == {"Key of A"}, "who did it is not the customer's data"
    fields = [field for entry in history for field in entry["fields"]]
    assert {field["field"] for field in fields} >= {"email", "last_name", "address.city", "attributes"}
    assert all(field["old"] is None and field["new"] is None for field in fields)


def test_events_not_yet_sent_keep_their_order_and_lose_what_is_personal(
    api: Api, canary: dict[str, Any], system_database: Database
) -> None:
    api.send("POST", f"/v1/customers/{canary['id']}/anonymize", {})

    told = outbox_of(system_database)
    assert [event.type.split(".")[2] for event in told] == ["created", "edited", "logged_in", "anonymized"]
    assert [event.aggregate_version for event in told] == [1, 2, 3, 4]
    schemas = {kind.name: kind.schema() for kind in PUBLISHED}
    assert [schemas[event.type].validate(event.data) for event in told] == [{}, {}, {}, {}]


def test_it_is_complete_when_every_service_has_confirmed(api: Api, canary: dict[str, Any], database: Database) -> None:
    path = f"/v1/customers/{canary['id']}"
    assert api.send("GET", f"{path}/anonymization").status_code == 404
    begun = api.send("POST", f"{path}/anonymize", {}).json or {}
    assert (begun["status"], begun["services"]) == ("in_progress", [{"service": "search", "confirmed_at": None}])
    assert begun["requested_by"] == "key_pub_a"

    _confirm(database, canary["id"], "somebody")
    assert (api.send("GET", f"{path}/anonymization").json or {})["status"] == "in_progress"
    _confirm(database, canary["id"], "search")
    _confirm(database, canary["id"], "search")

    done = api.send("GET", f"{path}/anonymization").json or {}
    assert done["status"] == "completed"
    assert done["completed_at"] is not None
    assert api.send("POST", f"{path}/anonymize", {}).json == done


def test_without_the_right_or_with_bad_content_it_does_not_happen(api: Api, canary: dict[str, Any]) -> None:
    path = f"/v1/customers/{canary['id']}"
    assert api.send("POST", f"{path}/anonymize", {}, as_="reader").status_code == 403
    assert api.send("POST", f"{path}/anonymize", {"end_access": "perhaps"}).status_code == 422
    assert api.send("POST", f"{path}/anonymize", {"sure": True}).status_code == 422
    assert (api.send("GET", path).json or {})["last_name"] == "Canaryolder"


def test_the_feed_shows_every_publisher_with_tombstones_to_services_only(api: Api, canary: dict[str, Any]) -> None:
    other = api.create(email="b@example.com", as_="b")
    api.send("POST", f"/v1/customers/{canary['id']}/anonymize", {})

    assert api.send("GET", "/internal/feed/customers").status_code == 403
    items, cursor = [], ""
    while cursor is not None:
        page = api.send("GET", f"/internal/feed/customers?limit=1{cursor}", as_="search").json or {}
        items += page["items"]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None  # type: ignore[assignment]

    assert [(item["subject"], item["publisher_id"], item["deleted"]) for item in items] == [
        (canary["id"], "pub_a", True),
        (other["id"], "pub_b", False),
    ]
    assert [item["version"] for item in items] == [4, 1]
    assert items[1]["data"] == other
    assert not any(needle in _without_ids(str(items[0])) for needle in NEEDLES)


def _confirmation(customer_id: str, service: str) -> Event:
    return Event(
        id=f"evt_{service}",
        type="search.subject.erased.v1",
        source="/search",
        subject=customer_id,
        datasubject=customer_id,
        time=clock.now(),
        publisher_id="pub_a",
        aggregate_version=1,
        data={"customer_id": customer_id, "service": service},
    )


def _confirm(database: Database, customer_id: str, service: str) -> None:
    event = _confirmation(customer_id, service)
    with database.transaction("pub_a") as session:
        SUBSCRIPTIONS[event.type].handle(session, event)


def test_a_needle_inside_of_an_id_is_none() -> None:
    """The language "gsw" is three letters that IDs are made of: a row failed for what was drawn at random."""
    assert _without_ids("(evt_06gsw1xanary1931931ppppppp,cus_06gw1x00000000000000000000,gsw)") == "(,,gsw)"


def _without_ids(row: str) -> str:
    return ID.sub("", row)


def _rows(scratch: Any) -> Iterator[str]:
    """Every row of every table as text but for the IDs, seen as the publisher."""
    database = Database(scratch.urls.app, pool_size=1)
    with database.transaction("pub_a") as session:
        tables = session.scalars(
            text("SELECT table_name FROM information_schema.table_privileges WHERE privilege_type = 'SELECT'")
        ).all()
        for table in sorted({*tables} - {"alembic_version"}):
            if session.scalar(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"}):
                yield from map(_without_ids, session.scalars(text(f'SELECT CAST(t AS text) FROM "{table}" AS t')))
    database.close()


def test_an_installation_without_participants_is_done_at_once(app: Any, api: Api, canary: dict[str, Any]) -> None:
    app.extensions["servicekit"].extras["erasure_participants"] = ()

    answer = api.send("POST", f"/v1/customers/{canary['id']}/anonymize", {})

    assert (answer.json or {})["status"] == "completed"


def test_a_confirmation_that_could_not_be_handled_completes_it_once_it_is_replayed(
    api: Api, canary: dict[str, Any], system_database: Database, scratch: Any
) -> None:
    path = f"/v1/customers/{canary['id']}/anonymiz"
    api.send("POST", f"{path}e", {})
    body = _confirmation(canary["id"], "search").to_json()
    with system_database.transaction() as session:
        park(session, consumer=QUEUE, body=body, reason="a bug", tells_of_erasure=True)
    urls = {f"CUSTOMERS_DATABASE_URL_{role}": getattr(scratch.urls, role.lower()) for role in ("APP", "SYSTEM")}

    replayed = subprocess.run(
        [sys.executable, "-m", "services.customers", "replay-parked"],
        env={**os.environ, **urls},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (replayed.returncode, "1 handled." in replayed.stdout) == (0, True), replayed
    assert (api.send("GET", f"{path}ation").json or {})["status"] == "completed"


def test_billing_closes_the_account_first_and_is_told_what_is_to_end(api: Api, desk: Desk) -> None:
    anna = api.create(email="anna@example.com")
    assert api.send("POST", f"/v1/customers/{anna['id']}/anonymize", {"end_access": True}).status_code == 202
    assert desk.closed == [("pub_a", anna["id"], True)]
    # What is done is done: nobody is asked again.
    assert api.send("POST", f"/v1/customers/{anna['id']}/anonymize", {}).status_code == 202
    assert len(desk.closed) == 1


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (BillingRefused("access_active", "This customer still has access."), 409, "access_active"),
        (BillingRefused("payment_pending", "A payment is still on its way."), 409, "payment_pending"),
        (Unavailable("Billing can't be asked right now."), 503, "unavailable"),
    ],
    ids=["access", "payment", "down"],
)
def test_where_billing_does_not_close_nothing_is_anonymized(
    api: Api, desk: Desk, refusal: Exception, status: int, code: str
) -> None:
    anna = api.create(email="anna@example.com")
    desk.refusal = refusal
    answer = api.send("POST", f"/v1/customers/{anna['id']}/anonymize", {})
    assert (answer.status_code, (answer.json or {})["code"]) == (status, code)
    assert (api.send("GET", f"/v1/customers/{anna['id']}").json or {})["email"] == "anna@example.com"
    assert api.send("GET", f"/v1/customers/{anna['id']}/anonymization").status_code == 404


def test_an_unknown_customer_is_not_asked_about(api: Api, desk: Desk) -> None:
    assert api.send("POST", "/v1/customers/cus_06h5yvkg1scm7h3b8k5rqt2xzw/anonymize", {}).status_code == 404
    assert desk.closed == []

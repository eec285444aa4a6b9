"""Extending access: to a date, by a duration, of what runs and of what is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from servicekit import clock
from servicekit.clock import rfc3339
from servicekit.db.database import Database
from services.billing.models.access import Access, AccessExtension
from services.billing.tests.conftest import Api, code_of, outbox_of
from services.billing.tests.paid import bought, refund


def extend(api: Api, transaction_id: str, **body: Any) -> dict[str, Any]:
    done = api.ok("POST", f"transactions/{transaction_id}/extend_access", {"reason": "Two bad days", **body})
    return dict(done["access"])


def lasts(api: Api, database: Database, transaction_id: str, until: datetime | None) -> dict[str, Any]:
    """The transaction's access, made to last until then."""
    subscription_id = api.ok("GET", f"transactions/{transaction_id}")["subscription_id"]
    with database.transaction("pub_a") as session:
        session.execute(update(Access).where(Access.subscription_id == subscription_id).values(ends_at=until))
    return {}


def test_access_lasts_to_a_date(api: Api, database: Database, system_database: Database) -> None:
    anna, paid = bought(api)
    before = api.account(anna)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=100)
    access = extend(api, paid, until=rfc3339(until))
    assert access["ends_at"] == rfc3339(until)
    account = api.account(anna)
    assert account["access_until"] == rfc3339(until)
    assert account["next_payment_at"] == before["next_payment_at"], "what is charged when stays as it is"
    with database.transaction("pub_a") as session:
        (row,) = session.scalars(select(AccessExtension))
        assert (row.access_id, row.reason, row.ends_at) == (access["id"], "Two bad days", until)
        assert row.ended_before is not None
        assert row.extended_by == "key_pub_a"
    assert [event.type for event in outbox_of(system_database)].count("billing.access.extended.v1") == 1


def test_a_duration_counts_from_the_present_end_by_the_publishers_calendar(api: Api, database: Database) -> None:
    _, paid = bought(api)
    api.ok("PATCH", "settings", {"time_zone": "Europe/Berlin"})
    lasts(api, database, paid, datetime(2027, 1, 30, 23, 30, tzinfo=UTC))  # the 31st of January, 0:30 in Berlin
    access = extend(api, paid, duration={"unit": "month", "count": 1})
    assert access["ends_at"] == "2027-02-27T23:30:00.000000Z"  # the 28th of February, 0:30 in Berlin
    access = extend(api, paid, duration={"unit": "month", "count": 1})
    assert access["ends_at"] == "2027-03-27T23:30:00.000000Z"  # before summer time begins
    access = extend(api, paid, duration={"unit": "day", "count": 1})
    assert access["ends_at"] == "2027-03-28T22:30:00.000000Z"  # the same time of day on the clock


def test_what_is_over_begins_again_from_now(api: Api) -> None:
    anna, paid = bought(api)
    ended = refund(api, paid)["access"]
    assert ended["ended_at"]
    assert not api.account(anna)["has_access"]
    access = extend(api, paid, duration={"unit": "week", "count": 2})
    assert access["id"] == ended["id"]
    assert access["ended_at"] is None
    assert access["reason"] == "extension"
    ends = datetime.fromisoformat(access["ends_at"])
    assert abs(ends - clock.now() - timedelta(days=14)) < timedelta(hours=2)
    account = api.account(anna)
    assert account["has_access"]
    assert account["active_subscriptions"] == 0


def test_by_the_access_itself(api: Api) -> None:
    anna, _ = bought(api)
    (access,) = api.ok("GET", f"access?customer_id={anna}")["items"]
    answer = api.send(
        "POST", f"access/{access['id']}/extend", {"duration": {"unit": "day", "count": 3}, "reason": "Sorry"}
    )
    assert answer.status_code == 200
    told = answer.json or {}
    before = datetime.fromisoformat(access["ends_at"])
    assert timedelta(days=2) < datetime.fromisoformat(told["ends_at"]) - before < timedelta(days=4)
    assert answer.headers["Version-Token"].startswith(f"{anna}.billing.")
    missing = api.send(
        "POST", "access/acc_06h5yvkg1scm7h3b8k5rqt2xzw/extend",
        {"duration": {"unit": "day", "count": 3}, "reason": "Sorry"},
    )  # fmt: skip
    assert (missing.status_code, code_of(missing)) == (404, "access_not_found")


def test_a_stores_access_is_extended_here_only(api: Api) -> None:
    eve = api.customer()
    made = api.buy(eve, api.offer()["id"], channel="apple", external_order_id="1")
    access = extend(api, made["transaction"]["id"], duration={"unit": "day", "count": 3})
    subscription = api.ok("GET", f"subscriptions/{made['subscription']['id']}")
    assert access["ends_at"] > subscription["current_period_end"]
    assert subscription["version"] == made["subscription"]["version"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, 422, "extension_in_past"),
        ({"until": "TOMORROW"}, 422, "extension_not_longer"),
        ({"until": "2099-01-01T00:00:00Z"}, 422, "extension_too_far"),
        ({"until": "9999-12-31T23:59:59Z"}, 422, "extension_too_far"),
        ({"until": "2027-02-30T00:00:00Z"}, 422, "invalid"),
        ({"until": "2027-01-01T00:00:00"}, 422, "invalid"),
        ({"until": "2027-01-01"}, 422, "invalid"),
        ({"until": None}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"until": "2099-01-01T00:00:00Z", "duration": {"unit": "day", "count": 1}}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 0}}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": -1}}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 1.5}}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 10**9}}, 422, "invalid"),
        ({"duration": {"unit": "year", "count": 11}}, 422, "invalid"),
        ({"duration": {"unit": "hour", "count": 1}}, 422, "invalid"),
        ({"duration": {"unit": "day"}}, 422, "invalid"),
        ({"duration": "P1D"}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 1}, "reason": None}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 1}, "reason": " "}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 1}, "reason": "x" * 501}, 422, "invalid"),
        ({"duration": {"unit": "day", "count": 1}, "more": 1}, 422, "invalid"),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_changes_nothing(api: Api, body: dict[str, Any], status: int, code: str) -> None:
    anna, paid = bought(api)
    before = api.account(anna)
    if body.get("until") == "TOMORROW":
        body = {"until": rfc3339(clock.now() + timedelta(days=1))}
    answer = api.send("POST", f"transactions/{paid}/extend_access", {"reason": "Sorry", **body})
    assert (answer.status_code, code_of(answer)) == (status, code), answer.text
    assert api.account(anna) == before


def test_what_has_no_access_or_no_end_can_not_be_extended(api: Api) -> None:
    body = {"duration": {"unit": "day", "count": 1}, "reason": "Sorry"}
    _, failed = bought(api, "tok_declined")
    answer = api.send("POST", f"transactions/{failed}/extend_access", body)
    assert (answer.status_code, code_of(answer)) == (409, "no_access")
    _, forever = bought(api, kind="single", period=None)
    answer = api.send("POST", f"transactions/{forever}/extend_access", body)
    assert (answer.status_code, code_of(answer)) == (409, "access_endless")


def test_long_after_long_stays_within_twenty_years(api: Api) -> None:
    _, paid = bought(api)
    body = {"duration": {"unit": "year", "count": 10}, "reason": "Sorry"}
    assert api.send("POST", f"transactions/{paid}/extend_access", body).status_code == 200
    answer = api.send("POST", f"transactions/{paid}/extend_access", body)
    assert (answer.status_code, code_of(answer)) == (422, "extension_too_far")

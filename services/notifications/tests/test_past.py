"""Mails of the past: in the log as they would be written, and never sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications import kinds
from services.notifications.mailing import Order, Outcome, write_past_mails
from services.notifications.models import Email
from services.notifications.samples import FACTS
from services.notifications.tests.conftest import MAIL, Api, World, anonymized

WRITTEN = datetime(2025, 5, 4, 10, tzinfo=UTC)


@pytest.fixture
def customer_id(world: World, api: Api) -> str:
    api.set(kinds={"welcome": False})
    return world.customer(language="de")


def write(world: World, customer_id: str, status: str = kinds.SENT, **more: Any) -> list[Email]:
    order = Order("receipt", customer_id, "past/1", FACTS)
    outcome = Outcome(status, WRITTEN, WRITTEN + timedelta(seconds=3), **more)
    with world.app.transaction("pub_a") as session:
        return write_past_mails(
            session, [(order, outcome)], publisher_id="pub_a", defaults=MAIL, now=datetime(2026, 3, 12, tzinfo=UTC)
        )


@pytest.mark.parametrize("status", [status for status in kinds.STATUSES if status != kinds.QUEUED])
def test_it_is_shown_with_its_time_and_never_sent(world: World, api: Api, customer_id: str, status: str) -> None:
    write(world, customer_id, status)
    assert world.sender.step() == 0
    assert world.transport.taken == []
    (shown,) = api.get(f"/emails?customer_id={customer_id}")["items"]
    assert (shown["status"], shown["kind"], shown["language"]) == (status, "receipt", "de")
    assert shown["created_at"] == "2025-05-04T10:00:00.000000Z"
    preview = api.send("GET", f"/emails/{shown['id']}/preview?part=text")
    assert "Anna Müller" in preview.text
    assert len(world.published()) == 1


def test_it_is_written_once(world: World, customer_id: str) -> None:
    assert len(write(world, customer_id)) == 1
    assert write(world, customer_id) == []
    assert len(world.emails()) == 1


def test_it_is_forgotten_with_its_customer(world: World, customer_id: str) -> None:
    write(world, customer_id, kinds.FAILED, failure_code="mailbox_refused", failure="550 anna@example.com")
    world.take(anonymized(customer_id))
    assert write(world, customer_id) == []
    past = world.emails(kind="receipt")[0]
    assert (past.to_address, past.html, past.failure) == (None, None, None)


def test_nobody_is_written_about_who_is_not_known(world: World) -> None:
    assert write(world, "cus_06h5yvkg1scm7h3b8k5rqt2zzz") == []
    assert world.emails() == []

"""Guessing passwords: by one email, from one place, or spread over many of either."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text
from time_machine import Traveller
from werkzeug.test import TestResponse

from servicekit.db.database import Database
from servicekit.settings import SettingsError
from services.identity.app import create_app
from services.identity.attempts import WINDOW, count_attempt, forgive_attempt
from services.identity.models import Staff
from services.identity.settings import Settings, SignInLimits
from services.identity.sign_in import network_of
from services.identity.signer import Signer
from services.identity.tests.conftest import PASSWORD

WRONG = "wrong"
LIMITS = SignInLimits(per_email_and_address=3, per_email=5, per_address=8)


@pytest.fixture
def app(settings: Settings, database: Database, system_database: Database, signer: Signer) -> Flask:
    low = Settings(database=settings.database, secret=settings.secret, sign_in_limits=LIMITS)
    return create_app(low, database=database, system_database=system_database, signer=signer)


@pytest.fixture
def moment() -> Iterator[Traveller]:
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        yield now


def attempt(app: Flask, email: str, address: str, password: str = WRONG) -> TestResponse:
    return app.test_client().post(
        "/v1/identity/token",
        json={"email": email, "password": password},
        headers={"X-Forwarded-For": address},
    )


def fail(app: Flask, email: str, addresses: list[str]) -> None:
    for address in addresses:
        assert attempt(app, email, address).status_code == 401


def many(count: int) -> list[str]:
    """That many addresses."""
    return [f"198.51.100.{number}" for number in range(count)]


@pytest.mark.parametrize("email", ["owner@example.com", "nobody@example.com"])
@pytest.mark.usefixtures("owner", "moment")
def test_one_email_from_many_places(app: Flask, email: str) -> None:
    """Alike for an email address that nobody has."""
    fail(app, email, many(LIMITS.per_email))
    blocked = attempt(app, email.upper(), "203.0.113.1", PASSWORD)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["Retry-After"]) <= WINDOW.total_seconds() + 1
    assert (blocked.json or {})["code"] == "too_many_attempts"
    assert email not in blocked.text


@pytest.mark.usefixtures("moment")
def test_many_emails_from_one_place(app: Flask, owner: Staff) -> None:
    for number in range(LIMITS.per_address):
        assert attempt(app, f"nobody{number}@example.com", "203.0.113.1").status_code == 401
    blocked = attempt(app, owner.email, "203.0.113.1", PASSWORD)
    assert blocked.status_code == 429
    assert attempt(app, owner.email, "203.0.113.2", PASSWORD).status_code == 200


def test_it_ends_when_the_answer_says(app: Flask, owner: Staff, moment: Traveller) -> None:
    fail(app, owner.email, many(LIMITS.per_email))
    moment.shift(timedelta(minutes=5))
    wait = int(attempt(app, owner.email, "203.0.113.1", PASSWORD).headers["Retry-After"])
    moment.shift(timedelta(seconds=wait - 2))
    assert attempt(app, owner.email, "203.0.113.1", PASSWORD).status_code == 429
    moment.shift(timedelta(seconds=2))
    assert attempt(app, owner.email, "203.0.113.1", PASSWORD).status_code == 200


@pytest.mark.usefixtures("moment")
def test_strangers_lock_nobody_out_from_where_they_sign_in(app: Flask, owner: Staff) -> None:
    assert attempt(app, owner.email, "192.0.2.7", PASSWORD).status_code == 200
    fail(app, owner.email, many(LIMITS.per_email))
    assert attempt(app, owner.email, "203.0.113.1", PASSWORD).status_code == 429
    assert attempt(app, owner.email, "192.0.2.7", PASSWORD).status_code == 200


def test_a_place_is_forgotten_after_a_month(
    app: Flask, owner: Staff, moment: Traveller, system_database: Database
) -> None:
    assert attempt(app, owner.email, "192.0.2.7", PASSWORD).status_code == 200
    moment.shift(timedelta(days=31))
    fail(app, owner.email, many(LIMITS.per_email))
    assert attempt(app, owner.email, "192.0.2.7", PASSWORD).status_code == 429
    moment.shift(WINDOW)
    assert attempt(app, owner.email, "192.0.2.8", PASSWORD).status_code == 200
    with system_database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM sign_in_place")).scalar_one() == 1


@pytest.mark.usefixtures("moment")
def test_successes_use_nothing_up(app: Flask, owner: Staff) -> None:
    for _ in range(3 * LIMITS.per_address):
        assert attempt(app, owner.email, "192.0.2.7", PASSWORD).status_code == 200


@pytest.mark.usefixtures("moment")
def test_a_success_does_not_hide_others_failures(app: Flask, owner: Staff) -> None:
    fail(app, owner.email, many(LIMITS.per_email - 1))
    assert attempt(app, owner.email, "192.0.2.7", PASSWORD).status_code == 200
    fail(app, owner.email, ["203.0.113.1"])
    assert attempt(app, owner.email, "203.0.113.2", PASSWORD).status_code == 429


def test_what_is_over_is_cleared(app: Flask, owner: Staff, moment: Traveller, system_database: Database) -> None:
    fail(app, owner.email, many(3))
    moment.shift(WINDOW)
    fail(app, "nobody@example.com", ["203.0.113.1"])
    with system_database.transaction() as session:
        rows = session.execute(text("SELECT began_at FROM sign_in_attempt")).scalars().all()
    assert len(rows) == 3
    assert {row.isoformat() for row in rows} == {"2030-01-01T00:15:00+00:00"}


def test_neither_emails_nor_addresses_are_kept(app: Flask, owner: Staff, system_database: Database) -> None:
    attempt(app, owner.email, "192.0.2.7", PASSWORD)
    attempt(app, "nobody@example.com", "192.0.2.7")
    with system_database.transaction() as session:
        kept = [
            row
            for table in ("sign_in_attempt", "sign_in_place")
            for row in session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t")).scalars()
        ]
    assert len(kept) > 3
    assert not any(what in row for row in kept for what in ("example.com", "192.0.2"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_subscriber_has_a_whole_network_of_ipv6(address: str, network: str) -> None:
    assert network_of(address) == network


def test_many_at_once_neither_slip_through_nor_wait_for_each_other(system_database: Database) -> None:
    """Overlapping buckets in every order, some of them old: none of it is a deadlock, and every try is counted."""
    begun = datetime.fromisoformat("2030-01-01T00:00:00+00:00")
    with system_database.transaction() as session:
        count_attempt(session, dict.fromkeys("abcdefgh", 1), begun)
    later = begun + WINDOW
    outcomes: list[int | None] = []

    def work(names: str) -> None:
        for _ in range(10):
            with system_database.transaction() as session:
                outcomes.append(count_attempt(session, dict.fromkeys(names, 20), later))
            with system_database.transaction() as session:
                forgive_attempt(session, forgotten=["z"], given_back=[])

    threads = [threading.Thread(target=work, args=(names,)) for names in ("abz", "bac", "cda", "zah")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 40
    with system_database.transaction() as session:
        counted = dict(session.execute(text("SELECT bucket, attempts FROM sign_in_attempt")).tuples().all())
    assert (counted["a"], counted["b"]) == (40, 20)
    assert outcomes.count(None) == 20


@pytest.mark.parametrize("limits", [(0, 5, 5), (6, 5, 9), (6, 9, 5)])
def test_limits_that_make_no_sense_are_refused(limits: tuple[int, int, int]) -> None:
    with pytest.raises(SettingsError):
        SignInLimits(per_email_and_address=limits[0], per_email=limits[1], per_address=limits[2])

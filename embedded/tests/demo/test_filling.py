"""Made-up customers become customers by the service's own actions, and a fill that broke off is completed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from embedded.demo.filling import fill
from embedded.demo.people import customers
from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.db.tables import outbox
from servicekit.testing.databases import template
from services.customers.app import MIGRATIONS
from services.customers.models import Change, Customer

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[Database]:
    with template("demo", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        database = Database(made.copy().urls.app, pool_size=2)
        yield database
        database.close()


def count(database: Database, table: type[Customer | Change]) -> int:
    with database.transaction("pub_demo") as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_each_is_made_with_its_history_its_login_and_events(database: Database) -> None:
    steps: list[int] = []
    fill(database, publisher_id="pub_demo", count=620, now=NOW, done=steps.append)
    assert steps == [500, 120]
    assert (count(database, Customer), count(database, Change)) == (620, 620)
    with database.transaction("pub_demo") as session:
        found = {known.email: known for known in session.scalars(select(Customer))}
    people = list(customers(620, as_of=NOW))
    for person in people:
        known = found[person.email]
        assert (known.first_name, known.last_name, known.country) == (
            person.first_name,
            person.last_name,
            person.country,
        )
        assert (known.last_login_at is None) == (person.last_login_at is None)
        assert known.registered_at <= NOW
    with database.transaction("pub_demo") as session:
        kinds = session.scalars(select(outbox.c.type)).all()
    logins = sum(person.last_login_at is not None for person in people)
    assert len(kinds) == 620 + logins


class Killed(Exception):
    """The process ends here."""


def test_a_fill_that_broke_off_is_completed_and_repeated_changes_nothing(database: Database) -> None:
    def die(_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        fill(database, publisher_id="pub_demo", count=620, now=NOW, done=die)
    assert count(database, Customer) == 500
    for _ in range(2):
        fill(database, publisher_id="pub_demo", count=620, now=NOW, done=lambda _: None)
        assert (count(database, Customer), count(database, Change)) == (620, 620)


def test_a_smaller_fill_is_completed_by_a_larger(database: Database) -> None:
    fill(database, publisher_id="pub_demo", count=7, now=NOW, done=lambda _: None)
    fill(database, publisher_id="pub_demo", count=40, now=NOW, done=lambda _: None)
    assert count(database, Customer) == 40

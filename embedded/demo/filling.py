"""Made-up customers into an installation, by the customers service's own actions: with history, events and all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from embedded.demo.billing import fill_billing
from embedded.demo.people import SEED, SOURCE, DemoCustomer, customer
from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from services.customers.actions import create_customer, record_login
from services.customers.models import ExternalId
from services.customers.schemas import CreateCustomer

_BATCH = 500


def fill(
    database: Database,
    *,
    publisher_id: str,
    count: int,
    now: datetime,
    done: Callable[[int], None],
    billing: Database | None = None,
) -> None:
    """Make the first ``count`` customers, those that are there already left as they are; with ``billing``, in that
    service's database, what they bought, too.

    ``done`` is told after each batch how many more there are. A fill that was killed is completed by the next.
    """
    for first in range(1, count + 1, _BATCH):
        people = [customer(SEED, number, now) for number in range(first, min(first + _BATCH, count + 1))]
        _make(database, publisher_id, people, now)
        if billing is not None:
            fill_billing(database, billing, publisher_id=publisher_id, people=people, first=first, now=now)
        done(len(people))


def _make(database: Database, publisher_id: str, people: list[DemoCustomer], now: datetime) -> None:
    schema, maker = CreateCustomer(), _maker(publisher_id)
    with database.transaction(publisher_id) as session:
        mine = (ExternalId.publisher_id == publisher_id, ExternalId.source == SOURCE)
        wanted = ExternalId.external_id.in_([person.external_id for person in people])
        present = set(session.scalars(select(ExternalId.external_id).where(*mine, wanted)))
        for person in people:
            if person.external_id in present:
                continue
            data = schema.load(person.body())
            made = create_customer(session, publisher_id=publisher_id, data=data, editor=maker, now=now, imported=True)
            if person.last_login_at:
                at = datetime.fromisoformat(person.last_login_at)
                record_login(session, publisher_id=publisher_id, customer_id=made.id, at=at, now=now)


def _maker(publisher_id: str) -> Caller:
    return Caller(
        kind="service",
        actor_id="svc_demo",
        name="Demo data",
        publisher_id=publisher_id,
        role=None,
        scopes=frozenset(),
    )

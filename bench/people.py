"""Customers to measure with: made up, each with an email and an external ID of their own."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from embedded.demo.people import customers
from servicekit.auth.caller import Caller
from servicekit.events import Event
from servicekit.ids import new_id
from services.customers import events
from services.customers.models import Customer
from services.customers.views import customer_state

# What each of them has, so that every request costs the same statements.
FIELDS = ("first_name", "last_name", "phone", "language", "currency", "country", "address")


def bodies(count: int) -> Iterator[dict[str, Any]]:
    """``count`` customers as the API takes them, none like those of an earlier call."""
    run = secrets.token_hex(4)
    complete = (person.body() for person in customers(sys.maxsize) if person.phone and person.line1)
    for number, body in enumerate(islice(complete, count)):
        yield {
            "email": f"{run}-{number}@example.com",
            **{field: body[field] for field in FIELDS},
            "external_ids": [{"source": "publisher", "id": f"{run}-{number:06}"}],
            "attributes": {"segment": "bench", "newsletter": number % 2 == 0},
        }


def created_events(publisher_id: str, count: int, *, at: datetime, edits: int = 0) -> list[Event]:
    """The events of ``count`` customers' creation, and then ``edits`` more of each, in the order they would have."""
    customers = [_customer(publisher_id, body, at) for body in bodies(count)]
    found = [_event(customer, events.CREATED.name, at) for customer in customers]
    for _ in range(edits):
        for customer in customers:
            customer.version += 1
            found.append(_event(customer, events.EDITED.name, at))
    return found


def editor(publisher_id: str) -> Caller:
    """Who measures."""
    scopes = frozenset(
        {
            "customers:read",
            "customers:write",
            "billing:read",
            "billing:write",
            "billing:manage",
            "notes:read",
            "notifications:read",
            "search:read",
            "personal:read",
        }
    )
    return Caller(
        kind="api_key", actor_id="key_bench", name="Bench", publisher_id=publisher_id, role=None, scopes=scopes
    )


def _customer(publisher_id: str, body: dict[str, Any], at: datetime) -> Customer:
    return Customer(
        **{"company": None, "birthdate": None, **body},
        id=new_id("cus"),
        publisher_id=publisher_id,
        email_key=body["email"],
        status="active",
        registered_at=at,
        last_login_at=None,
        anonymized_at=None,
        revision=1,
        version=1,
    )


def _event(customer: Customer, kind: str, at: datetime) -> Event:
    return Event(
        id=new_id("evt"),
        type=kind,
        source=events.SOURCE,
        subject=customer.id,
        time=at,
        publisher_id=customer.publisher_id,
        aggregate_version=customer.version,
        data=customer_state(customer),
        datasubject=customer.id,
    )

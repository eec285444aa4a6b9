"""What billing told of subscriptions, payment methods and transactions, as far as mails need it: the newest state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notifications.models import Thing

IN_APP = ("apple", "google", "roku", "amazon")
"""Channels whose stores write to their customers themselves."""
_KEEP = text(
    """
    INSERT INTO thing AS known (publisher_id, id, customer_id, version, state)
    VALUES (:publisher_id, :id, :customer_id, :version, CAST(:state AS jsonb))
    ON CONFLICT (publisher_id, id) DO UPDATE SET
        customer_id = excluded.customer_id, version = excluded.version, state = excluded.state
    WHERE known.version < excluded.version
    RETURNING id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The state of something of billing's as of ``version``, told ``at`` this time: by an event, or by its feed."""

    publisher_id: str
    thing_id: str
    customer_id: str
    version: int
    at: datetime
    state: Mapping[str, Any]


def keep(session: Session, told: Told) -> bool:
    """Keep a state; False if a newer one, or the same, is known.

    Of a transaction only where it came from, and only of one from an app: there may be very many.
    """
    state = told.state
    if told.thing_id.startswith("txn_"):
        if not is_in_app(state):
            return True
        state = {name: state.get(name) for name in ("channel", "origin")}
    values = {
        "publisher_id": told.publisher_id,
        "id": told.thing_id,
        "customer_id": told.customer_id,
        "version": told.version,
        "state": orjson.dumps(state).decode().replace("\\u0000", ""),
    }
    return session.execute(_KEEP, values).first() is not None


def known(session: Session, publisher_id: str, thing_id: str | None) -> dict[str, Any]:
    """The newest known state; empty where nothing is known."""
    if thing_id is None:
        return {}
    found = session.get(Thing, (publisher_id, thing_id), populate_existing=True)
    return dict(found.state or {}) if found is not None else {}


def is_in_app(state: Mapping[str, Any]) -> bool:
    """Whether something was bought in a store's app."""
    return state.get("channel") in IN_APP

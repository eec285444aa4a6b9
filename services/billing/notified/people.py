"""Whose purchase it is that a store tells of."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.ids import id_of_uuid
from services.billing.models.people import KnownCustomer, KnownIdentity


def customer_of(session: Session, publisher_id: str, account: str | None) -> KnownCustomer | None:
    """The customer whom an app named to its store: by our ID, its UUID (the App Store takes nothing else), or an
    external ID of theirs. None: nobody, or several."""
    if not account:
        return None
    for customer_id in (account, _id_in(account)):
        known = session.get(KnownCustomer, customer_id) if customer_id else None
        if known is not None and known.publisher_id == publisher_id:
            return known
    named = select(KnownIdentity.customer_id).where(
        KnownIdentity.publisher_id == publisher_id, KnownIdentity.value == account, KnownIdentity.kind != "email"
    )
    found = set(session.scalars(named))
    return session.get(KnownCustomer, found.pop()) if len(found) == 1 else None


def _id_in(account: str) -> str | None:
    try:
        return id_of_uuid("cus", uuid.UUID(account))
    except ValueError:
        return None

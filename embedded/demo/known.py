"""Which customers of an installation are demo customers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from embedded.demo.people import SOURCE, external_id_of
from services.customers.models import Customer, ExternalId


def demo_customers(session: Session, publisher_id: str, numbers: Iterable[int]) -> dict[int, Customer]:
    """The demo customers of these numbers, as they are now; those that there are."""
    wanted = {external_id_of(number): number for number in numbers}
    rows = session.execute(
        select(ExternalId.external_id, Customer)
        .join(Customer, Customer.id == ExternalId.customer_id)
        .where(
            ExternalId.publisher_id == publisher_id,
            ExternalId.source == SOURCE,
            ExternalId.external_id.in_(wanted),
            Customer.status == "active",
        )
    ).tuples()
    return {wanted[external_id]: customer for external_id, customer in rows}

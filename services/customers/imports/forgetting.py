"""Taking a person out of what imports keep, and keeping them out of what still waits."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete
from sqlalchemy.orm import Session

from servicekit.imports.keeping import forget_in_rows
from services.customers.imports.models import TABLES, ImportedRow
from services.customers.models import Customer, email_key

_GONE = "The person was anonymized: the row is gone."


def forget_in_imports(session: Session, customer: Customer, *, open_imports: Collection[str]) -> None:
    """Blank the rejected rows that speak of this person, and let no waiting row bring the person back.

    ``customer`` is as it was before it was blanked.
    """
    key = email_key(customer.email)
    pairs = [(entry["source"], entry["id"]) for entry in customer.external_ids]
    identities = [f"{source} {external_id}" for source, external_id in pairs]
    identities += [f"email {key}"] if key is not None else []
    session.execute(delete(ImportedRow).where(ImportedRow.customer_id == customer.id))
    forget_in_rows(
        session,
        TABLES,
        publisher_id=customer.publisher_id,
        open_imports=open_imports,
        identities=identities,
        values=[external_id for _, external_id in pairs],
        telling=[customer.email or ""],
        reason=_GONE,
    )

"""Taking a person out of what imports keep, and keeping them out of what still waits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.imports.keeping import forget_in_rows
from servicekit.imports.tables import OPEN
from services.billing.imports.customers import identity_of
from services.billing.imports.rows import BY_ID
from services.billing.models.imports import TABLES, BillingImport
from services.billing.models.people import KnownIdentity

_GONE = "The person was anonymized: the row is gone."


def forget_in_imports(session: Session, *, publisher_id: str, customer_id: str) -> None:
    """Blank the rejected rows that speak of this person, and let no waiting row bring the person back.

    The caller keeps others from taking in anything of this person's. To be called while it is still known by what
    names the person is known.
    """
    mine = (KnownIdentity.publisher_id == publisher_id, KnownIdentity.customer_id == customer_id)
    names = [(row.kind, row.value) for row in session.scalars(select(KnownIdentity).where(*mine))]
    waiting = select(BillingImport.id).where(BillingImport.publisher_id == publisher_id, BillingImport.status.in_(OPEN))
    forget_in_rows(
        session,
        TABLES,
        publisher_id=publisher_id,
        open_imports=session.scalars(waiting).all(),
        identities=[identity_of(who) for who in [*names, (BY_ID, customer_id)]],
        values=[customer_id, *(value for kind, value in names if kind != "email")],
        telling=[value for kind, value in names if kind == "email"],
        reason=_GONE,
    )

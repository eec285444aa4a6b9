"""What ./accounts doctor says of billing: what no process can decide, so that somebody has to look."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from embedded.patient import Finding
from servicekit.db.database import Database
from services.billing.models.operations import AMOUNT_DIFFERS

_NAMED = 10
_DIFFERING = text(
    f"SELECT subject_id FROM operation WHERE last_problem LIKE '{AMOUNT_DIFFERS}:%' ORDER BY id DESC LIMIT :limit"  # noqa: S608 (constants only)
)


def examine_billing(system: Database) -> Iterator[Finding]:
    """Charges of which the provider says that another amount was taken than was ordered."""
    with system.transaction() as session:
        found = list(session.scalars(_DIFFERING, {"limit": _NAMED + 1}))
    if found:
        named = ", ".join(found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
        yield Finding(
            False,
            f"billing: another amount was taken than was ordered ({AMOUNT_DIFFERS}): {named}",
            "Look at them here and in the provider's pages: refund there what is too much, then cancel them here.",
        )

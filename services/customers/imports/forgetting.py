"""Taking a person out of what imports keep, and keeping them out of what still waits."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from services.customers.imports.models import OPEN, Import, ImportedRow
from services.customers.imports.planning import ERASED, identity_hash
from services.customers.models import Customer, email_key

_GONE = orjson.dumps([{"column": "", "reason": "The person was anonymized: the row is gone."}]).decode()
_BAR = text(
    """
    INSERT INTO customer_import_identity (import_id, identity, publisher_id, row_number)
    VALUES (:import_id, :identity, :publisher_id, :row_number)
    ON CONFLICT (import_id, identity) DO UPDATE SET row_number = excluded.row_number
    """
)
# A cell that is the address or the ID, or holds the address; of a row that could not be parted, whatever it holds.
_BLANK = text(
    """
    UPDATE customer_import_reject SET content = NULL, faults = CAST(:gone AS jsonb)
    WHERE publisher_id = :publisher_id AND (
        EXISTS (
            SELECT FROM jsonb_path_query(content, '$.** ? (@.type() == "string" || @.type() == "number")') AS cell
            WHERE lower(btrim(cell #>> '{}')) = ANY(:values)
                OR (:email <> '' AND position(:email IN lower(cell #>> '{}')) > 0)
        )
        OR (jsonb_typeof(content) = 'array' AND jsonb_array_length(content) = 1 AND content ->> 0 ~* :pattern)
        OR (content ->> '') ~* :pattern
    )
    """
)


def hold_imports(session: Session, publisher_id: str) -> Sequence[str]:
    """The publisher's open imports, none of which works on a row until the commit. To be called before a customer is
    locked: an import locks itself first, and then customers."""
    statement = select(Import.id).where(Import.publisher_id == publisher_id, Import.status.in_(OPEN))
    return session.scalars(statement.order_by(Import.id).with_for_update()).all()


def forget_in_imports(session: Session, customer: Customer, *, open_imports: Collection[str]) -> None:
    """Blank the rejected rows that speak of this person, and let no waiting row bring the person back.

    ``customer`` is as it was before it was blanked.
    """
    key = email_key(customer.email)
    pairs = [(entry["source"], entry["id"]) for entry in customer.external_ids]
    identities = [f"{source} {external_id}" for source, external_id in pairs]
    identities += [f"email {key}"] if key is not None else []
    session.execute(delete(ImportedRow).where(ImportedRow.customer_id == customer.id))
    if not identities:
        return
    mine = {"publisher_id": customer.publisher_id}
    bars = [
        {**mine, "import_id": import_id, "identity": identity_hash(import_id, identity), "row_number": ERASED}
        for import_id in open_imports
        for identity in identities
    ]
    if bars:
        session.execute(_BAR, bars)
    values = {value for _, external_id in pairs for value in (external_id.lower(), external_id.casefold())}
    email = (customer.email or "").lower()
    pattern = "|".join(re.escape(value) for value in sorted({*values, email} - {""}))
    session.execute(
        _BLANK,
        {
            **mine,
            "gone": _GONE,
            "values": sorted(values),
            "email": email,
            "pattern": f"(^|[^[:alnum:]])({pattern})($|[^[:alnum:]])",
        },
    )

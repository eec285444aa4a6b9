"""The copy of customers that mail needs: address, name, language. Kept current by events and the customers' feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Row, Text, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from services.notifications.models import Recipient
from services.notifications.rendering import Person

# In one order, so that two workers don't wait for each other.
_TAKE_IN = text(
    """
    INSERT INTO recipient AS known (publisher_id, customer_id, version, email, first_name, last_name, company, language)
    SELECT :publisher_id, customer_id, version, email, first_name, last_name, company, language
    FROM json_to_recordset(:rows) AS given (customer_id text, version bigint, email text, first_name text,
        last_name text, company text, language text)
    ORDER BY customer_id
    ON CONFLICT (publisher_id, customer_id) DO UPDATE SET
        version = excluded.version, email = excluded.email, first_name = excluded.first_name,
        last_name = excluded.last_name, company = excluded.company, language = excluded.language,
        bounced_address = CASE WHEN known.bounced_address = excluded.email THEN known.bounced_address END
    WHERE known.version < excluded.version AND known.erasing_since IS NULL
    RETURNING customer_id, xmax = 0 AS is_new
    """
)

# Two statements of one transaction, under READ COMMITTED: the second sees what those who were waited for have written.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('recipients/' || :publisher_id, 0))")
_TOGETHER = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('recipients/' || :publisher_id, 0))")

Known = Recipient | Row[Any]
"""A customer, to be changed or to be read only."""
_KNOWN = select(*Recipient.__table__.columns).where(
    Recipient.publisher_id == bindparam("publisher"),
    Recipient.customer_id == any_(bindparam("customers", type_=ARRAY(Text))),
)


@dataclass(frozen=True, slots=True)
class PersonTold:
    """What the customers service told of a customer as of ``version``."""

    customer_id: str
    version: int
    email: str | None
    first_name: str | None
    last_name: str | None
    company: str | None
    language: str | None


def take_in(session: Session, *, publisher_id: str, told: Sequence[PersonTold]) -> list[str]:
    """Keep what is newer than what is known; the customers of whom nothing was known before."""
    newest: dict[str, PersonTold] = {}
    for one in told:
        if one.customer_id not in newest or newest[one.customer_id].version < one.version:
            newest[one.customer_id] = one
    if not newest:
        return []
    rows = orjson.dumps([asdict(newest[customer_id]) for customer_id in sorted(newest)]).decode()
    written = session.execute(_TAKE_IN, {"publisher_id": publisher_id, "rows": rows})
    new = [row.customer_id for row in written if row.is_new]
    if new:
        # Whoever is just writing to one of them, and doesn't see them yet, is waited for: see ``await_newcomers``.
        session.execute(_TOGETHER, {"publisher_id": publisher_id})
    return new


def recipient(session: Session, publisher_id: str, customer_id: str, *, lock: bool = False) -> Recipient | None:
    """What is known of a customer; locked until the transaction ends if asked for."""
    statement = select(Recipient).where(Recipient.publisher_id == publisher_id, Recipient.customer_id == customer_id)
    if lock:
        statement = statement.with_for_update()
    return session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()


def known_recipients(session: Session, publisher_id: str, customer_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """What is known of customers, to be read only; those of whom nothing is are left out."""
    found = session.execute(_KNOWN, {"publisher": publisher_id, "customers": sorted(set(customer_ids))})
    return {row.customer_id: row for row in found}


def await_newcomers(session: Session, publisher_id: str) -> None:
    """Wait for those who are just taking in customers of this publisher, and let others wait until the commit.

    Else one who writes to a customer not known yet, and one who takes that customer in and looks for what waits for
    them, would each miss what the other hasn't committed, and the mail would wait for ever.
    """
    session.execute(_ALONE, {"publisher_id": publisher_id})


def person_of(row: Known) -> Person:
    """Who is written to. Only for one with an address."""
    return Person(row.email or "", row.first_name, row.last_name, row.language)


def has_bounced(row: Known) -> bool:
    """Whether a mail system said of the present address that it doesn't exist."""
    return row.email is not None and bool(row.bounced_address == row.email)

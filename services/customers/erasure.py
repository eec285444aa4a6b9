"""Anonymizing (C5), for good: a ledger of who must confirm and who has. An interrupted one is resumed by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.imports.keeping import hold_imports
from servicekit.kept_answers import forget_answers
from servicekit.outbox import forget_events
from servicekit.parking import forget_parked
from servicekit.screening import lock_people, note_erased
from services.customers import events, history
from services.customers.actions import lock_customer
from services.customers.imports.forgetting import forget_in_imports
from services.customers.imports.models import TABLES
from services.customers.models import Change, Customer, Erasure, ErasureConfirmation, ExternalId


def anonymize_customer(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    participants: Sequence[str],
    editor: Caller,
    now: datetime,
) -> Erasure:
    """Erase everything personal of a customer here, and ask ``participants`` (services) to do the same.

    Doing it again returns the ledger's entry as it is. Raises CustomerNotFound.
    """
    # Before the row: events about this person that a worker is just taking in must not slip past.
    lock_people(session, publisher_id, [], exclusive=[customer_id])
    open_imports = hold_imports(session, TABLES, publisher_id)
    customer = lock_customer(session, publisher_id, customer_id)
    known = session.get(Erasure, customer_id)
    if known is not None:
        return known
    before = {field: getattr(customer, field) for field in history.FIELDS}
    forget_in_imports(session, customer, open_imports=open_imports)
    _blank(customer, now)
    _forget(session, customer)
    after = {field: getattr(customer, field) for field in history.FIELDS}
    names = _only_names(history.differences(before, after))
    history.record(session, customer, action="anonymized", fields=names, editor=editor, now=now)
    erasure = Erasure(
        customer_id=customer.id,
        publisher_id=customer.publisher_id,
        requested_at=now,
        requested_by=editor.actor_id,
        participants=list(participants),
        completed_at=None if participants else now,
    )
    session.add(erasure)
    session.flush()
    events.publish(session, events.ANONYMIZED, customer, now=now)
    return erasure


def confirm_erasure(session: Session, *, customer_id: str, service: str, at: datetime) -> None:
    """A participant holds nothing personal of this customer any more; the last one completes the anonymization."""
    erasure = session.execute(
        select(Erasure).where(Erasure.customer_id == customer_id).with_for_update()
    ).scalar_one_or_none()
    if erasure is None or service not in erasure.participants:
        return
    session.execute(
        insert(ErasureConfirmation)
        .values(customer_id=customer_id, service=service, publisher_id=erasure.publisher_id, confirmed_at=at)
        .on_conflict_do_nothing()
    )
    confirmed = session.scalars(
        select(ErasureConfirmation.service).where(ErasureConfirmation.customer_id == customer_id)
    )
    if erasure.completed_at is None and set(erasure.participants) <= set(confirmed):
        erasure.completed_at = at
        session.flush()


def erasure_state(session: Session, erasure: Erasure) -> dict[str, Any]:
    """How far an anonymization is, ready for JSON."""
    confirmed = {
        row.service: row.confirmed_at
        for row in session.scalars(
            select(ErasureConfirmation).where(ErasureConfirmation.customer_id == erasure.customer_id)
        )
    }
    return {
        "customer_id": erasure.customer_id,
        "status": "completed" if erasure.completed_at else "in_progress",
        "requested_at": rfc3339(erasure.requested_at),
        "requested_by": erasure.requested_by,
        "completed_at": rfc3339(erasure.completed_at) if erasure.completed_at else None,
        "services": [
            {"service": service, "confirmed_at": rfc3339(confirmed[service]) if service in confirmed else None}
            for service in erasure.participants
        ],
    }


def _blank(customer: Customer, now: datetime) -> None:
    for column in Customer.__table__.columns:
        if column.info["personal"] == "erase":
            setattr(customer, column.name, None)
    customer.external_ids, customer.attributes = [], {}
    customer.status, customer.anonymized_at = "anonymized", now
    customer.revision += 1
    customer.version += 1


def _forget(session: Session, customer: Customer) -> None:
    """Everything else here that speaks of this person."""
    mine: dict[str, str] = {"publisher_id": customer.publisher_id, "datasubject": customer.id}
    session.flush()
    note_erased(session, customer.publisher_id, customer.id)
    session.execute(delete(ExternalId).where(ExternalId.customer_id == customer.id))
    for change_id, fields in session.execute(
        select(Change.id, Change.fields).where(Change.customer_id == customer.id)
    ).all():
        session.execute(update(Change).where(Change.id == change_id).values(fields=_only_names(fields)))
    forget_events(session, **mine, types={kind.name: kind for kind in events.PUBLISHED})
    forget_answers(session, **mine)
    forget_parked(session, **mine)


def _only_names(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which fields changed, without their values.

    The publisher's own attribute names may be telling, so of those only that an attribute changed is kept.
    """
    names = ["attributes" if entry["field"].startswith("attributes.") else entry["field"] for entry in fields]
    return [{"field": name, "old": None, "new": None} for name in dict.fromkeys(names)]

"""Carrying out a plan: a few statements for a whole batch, whatever its size. The caller's transaction commits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.db.bulk import as_bytea, insertion, send
from servicekit.imports.jobs import editor_of
from servicekit.imports.keeping import keep_identities, keep_rejections
from servicekit.imports.kinds import Contents
from servicekit.imports.tables import ImportJob
from servicekit.outbox import publish_all
from services.customers import events, history
from services.customers.imports.models import TABLES, ImportedRow
from services.customers.imports.planning import Change, Plan
from services.customers.imports.standing import Standing
from services.customers.models import Change as HistoryEntry
from services.customers.models import Customer, ExternalId, Login

ACTION = "imported"
_COLUMNS = [column.name for column in fields(Standing)]


_CUSTOMERS = insertion(Customer.__table__)
_CLAIMS = insertion(ExternalId.__table__)
_CHANGES = insertion(HistoryEntry.__table__)
_LOGINS = insertion(Login.__table__, "ON CONFLICT DO NOTHING")
_REMEMBERED = insertion(
    ImportedRow.__table__,
    "ON CONFLICT (publisher_id, name, row_number) DO UPDATE "
    "SET customer_id = excluded.customer_id, email_hash = excluded.email_hash",
)
_UPDATE = text(
    f"""
    UPDATE customer SET ({", ".join(_COLUMNS)}) = ({", ".join(f"changed.{name}" for name in _COLUMNS)})
    FROM json_populate_recordset(NULL::customer, :rows) AS changed WHERE customer.id = changed.id
    """  # noqa: S608
)


def carry_out(session: Session, job: ImportJob, plan: Plan, *, now: datetime) -> None:
    """Write what the plan says: customers, external IDs, history, logins, events, and what is kept of the rows.

    Raises IntegrityError where somebody else has taken an address or an external ID since it was planned.
    """
    _update(session, plan.updated)
    changes = [*plan.created, *plan.updated]
    send(session, _CUSTOMERS, [change.customer for change in plan.created])
    send(session, _CLAIMS, [_claim(change, pair) for change in changes for pair in change.claims])
    editor = editor_of(job)
    send(session, _CHANGES, [_entry(change, editor, now) for change in changes if change.fields])
    send(session, _LOGINS, [_login(change) for change in changes if change.login is not None])
    remembered = [
        {
            "publisher_id": job.publisher_id,
            "name": job.name,
            "row_number": number,
            "customer_id": customer_id,
            "email_hash": as_bytea(hashed),
        }
        for number, customer_id, hashed in plan.remembered
    ]
    send(session, _REMEMBERED, remembered)
    publish_all(session, [_event(change, now) for change in changes])


def keep_rows(session: Session, job: ImportJob, plan: Plan, contents: Contents) -> None:
    """Keep what must be known of the rows, in a dry run too: which identities they had, and those rejected."""
    keep_identities(session, TABLES, job, plan.identities)
    keep_rejections(session, TABLES, job, plan.rejected, contents)


def _update(session: Session, updated: Sequence[Change]) -> None:
    # An address is free only once its former holder has given it up: so these one after the other, in their order.
    for change in updated:
        if change.email_changed:
            send(session, _UPDATE, [change.customer])
    send(session, _UPDATE, [change.customer for change in updated if not change.email_changed])


def _claim(change: Change, pair: tuple[str, str]) -> dict[str, Any]:
    return {
        "publisher_id": change.customer.publisher_id,
        "source": pair[0],
        "external_id": pair[1],
        "customer_id": change.customer.id,
    }


def _entry(change: Change, editor: Caller, now: datetime) -> dict[str, Any]:
    customer = cast("Customer", change.customer)
    return history.entry_row(customer, action=ACTION, fields=change.fields, editor=editor, now=now)


def _login(change: Change) -> dict[str, Any]:
    return {
        "customer_id": change.customer.id,
        "at": change.login,
        "id": change.login_id,
        "publisher_id": change.customer.publisher_id,
    }


def _event(change: Change, now: datetime) -> Any:
    customer = cast("Customer", change.customer)
    if change.customer.version == 1:
        return events.event_of(events.CREATED, customer, now=now, extra={"imported": True})
    if change.fields:
        return events.event_of(events.EDITED, customer, now=now)
    told = {"id": change.login_id, "customer_id": customer.id, "at": rfc3339(cast("datetime", change.login))}
    return events.event_of(events.LOGGED_IN, customer, now=now, extra={"login": told})

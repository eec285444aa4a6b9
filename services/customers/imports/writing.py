"""Carrying out a plan: a few statements for a whole batch, whatever its size. The caller's transaction commits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.outbox import publish_all
from services.customers import events, history
from services.customers.imports.models import Import, ImportedRow, RejectedRow, SeenIdentity
from services.customers.imports.planning import Change, Plan, Rejection
from services.customers.imports.standing import Standing
from services.customers.models import Base, Customer, ExternalId, Login
from services.customers.models import Change as HistoryEntry

ACTION = "imported"
_COLUMNS = [column.name for column in fields(Standing)]


def _insert(model: type[Base], more: str = "") -> TextClause:
    """Rows given as one JSON text. (COPY, faster still, doesn't go through row level security.)"""
    table = model.__tablename__
    columns = ", ".join(column.name for column in model.__table__.columns)
    return text(
        f"INSERT INTO {table} ({columns}) "  # noqa: S608
        f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, :rows) {more}"
    )


_CUSTOMERS = _insert(Customer)
_CLAIMS = _insert(ExternalId)
_CHANGES = _insert(HistoryEntry)
_LOGINS = _insert(Login, "ON CONFLICT DO NOTHING")
_IDENTITIES = _insert(SeenIdentity)
_REJECTS = _insert(RejectedRow)
_REMEMBERED = _insert(
    ImportedRow,
    "ON CONFLICT (publisher_id, name, row_number) DO UPDATE "
    "SET customer_id = excluded.customer_id, email_hash = excluded.email_hash",
)
_UPDATE = text(
    f"""
    UPDATE customer SET ({", ".join(_COLUMNS)}) = ({", ".join(f"changed.{name}" for name in _COLUMNS)})
    FROM json_populate_recordset(NULL::customer, :rows) AS changed WHERE customer.id = changed.id
    """  # noqa: S608
)


def carry_out(session: Session, job: Import, plan: Plan, *, now: datetime) -> None:
    """Write what the plan says: customers, external IDs, history, logins, events, and what is kept of the rows.

    Raises IntegrityError where somebody else has taken an address or an external ID since it was planned.
    """
    _update(session, plan.updated)
    changes = [*plan.created, *plan.updated]
    _send(session, _CUSTOMERS, [change.customer for change in plan.created])
    _send(session, _CLAIMS, [_claim(change, pair) for change in changes for pair in change.claims])
    editor = editor_of(job)
    _send(session, _CHANGES, [_entry(change, editor, now) for change in changes if change.fields])
    _send(session, _LOGINS, [_login(change) for change in changes if change.login is not None])
    remembered = [
        {
            "publisher_id": job.publisher_id,
            "name": job.name,
            "row_number": number,
            "customer_id": customer_id,
            "email_hash": _hex(hashed),
        }
        for number, customer_id, hashed in plan.remembered
    ]
    _send(session, _REMEMBERED, remembered)
    publish_all(session, [_event(change, now) for change in changes])


def keep_rows(session: Session, job: Import, plan: Plan, contents: Mapping[int, Any]) -> None:
    """Keep what must be known of the rows, in a dry run too: which identities they had, and those rejected.

    ``contents`` are the records by their numbers.
    """
    mine = {"import_id": job.id, "publisher_id": job.publisher_id}
    _send(
        session,
        _IDENTITIES,
        [{**mine, "identity": _hex(identity), "row_number": number} for identity, number in plan.identities],
    )
    _send(session, _REJECTS, [_reject(mine, rejection, contents) for rejection in plan.rejected])


def editor_of(job: Import) -> Caller:
    """Whoever asked for the import, as the history names them."""
    return Caller(
        kind=cast("Any", job.editor_kind),
        actor_id=job.editor_id,
        name=job.editor_name,
        publisher_id=job.publisher_id,
        role=None,
        scopes=frozenset(),
    )


def _update(session: Session, updated: Sequence[Change]) -> None:
    # An address is free only once its former holder has given it up: so these one after the other, in their order.
    for change in updated:
        if change.email_changed:
            _send(session, _UPDATE, [change.customer])
    _send(session, _UPDATE, [change.customer for change in updated if not change.email_changed])


def _send(session: Session, statement: TextClause, rows: Sequence[object]) -> None:
    if rows:
        session.execute(statement, {"rows": orjson.dumps(rows).decode()})


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


def _reject(mine: dict[str, str], rejection: Rejection, contents: Mapping[int, Any]) -> dict[str, Any]:
    return {
        **mine,
        "row_number": rejection.row_number,
        "content": None if rejection.secret else _without_nul(contents.get(rejection.row_number)),
        "faults": [_without_nul(asdict(fault)) for fault in rejection.faults],
    }


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps every character but NUL."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(inner) for inner in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(inner) for name, inner in value.items()}
    return value


def _hex(value: bytes) -> str:
    """As PostgreSQL reads ``bytea`` from text."""
    return rf"\x{value.hex()}"

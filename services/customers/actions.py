"""Writes: creating, editing and logging in. Anonymizing is in ``erasure``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.db.direct import Insert, Statement, execute_directly
from servicekit.etag import etag
from servicekit.ids import new_id
from services.customers import events, history
from services.customers.errors import (
    ChangedMeanwhile,
    CustomerAnonymized,
    CustomerNotFound,
    EmailTaken,
    ExternalIdTaken,
    NothingToKnowThemBy,
)
from services.customers.models import Change, Customer, ExternalId, Login, email_key
from services.customers.views import ADDRESS_PARTS, CustomerRow, change_state

_insert = Insert(Customer.__table__)  # type: ignore[arg-type]
_CLAIM = """
    INSERT INTO external_id (publisher_id, source, external_id, customer_id)
    VALUES (%(publisher_id)s, %(source)s, %(external_id)s, %(customer_id)s)
    ON CONFLICT DO NOTHING
"""


def create_customer(
    session: Session,
    *,
    publisher_id: str,
    data: Mapping[str, Any],
    editor: Caller,
    now: datetime,
    imported: bool = False,
) -> CustomerRow:
    """Create a customer from ``data`` (fields as in ``CreateCustomer``); one who is ``imported`` isn't greeted.

    Raises EmailTaken, ExternalIdTaken, NothingToKnowThemBy.
    """
    content = _merged(_blank(), data)
    values = {
        **content,
        "id": new_id("cus"),
        "publisher_id": publisher_id,
        "email_key": email_key(content["email"]),
        "status": "active",
        "registered_at": data.get("registered_at") or now,
        "last_login_at": None,
        "anonymized_at": None,
        "revision": 1,
        "version": 1,
    }
    _require_identity(values)
    customer = cast("CustomerRow", SimpleNamespace(**values))
    claims = [_claim(customer, entry) for entry in values["external_ids"]]
    fields = history.differences({}, content)
    try:
        _, *written = execute_directly(
            session,
            [
                _insert(values),
                *claims,
                history.entry(customer, action="created", fields=fields, editor=editor, now=now),
                events.publication(events.CREATED, customer, now=now, extra={"imported": imported}),
            ],
        )
    except IntegrityError as error:
        raise _reason(error) from None
    _require_claimed(written[: len(claims)])
    return customer


def edit_customer(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    data: Mapping[str, Any],
    expected_revision: int | None,
    editor: Caller,
    now: datetime,
) -> Customer:
    """Merge ``data`` (fields as in ``EditCustomer``) into a customer; None as ``expected_revision`` takes any.

    Raises CustomerNotFound, CustomerAnonymized, ChangedMeanwhile, EmailTaken, ExternalIdTaken, NothingToKnowThemBy.
    """
    customer = lock_customer(session, publisher_id, customer_id)
    if customer.status == "anonymized":
        raise CustomerAnonymized
    if expected_revision is not None and expected_revision != customer.revision:
        raise _changed_meanwhile(session, customer, expected_revision)
    before = {field: getattr(customer, field) for field in history.FIELDS}
    after = _merged(before, data)
    changes = history.differences(before, after)
    if not changes:
        return customer
    _require_identity(after)
    for field in history.FIELDS:
        if not history.is_same(before[field], after[field]):
            setattr(customer, field, after[field])
            flag_modified(customer, field)  # SQLAlchemy, too, takes 1 and true for equal
    customer.email_key = email_key(after["email"])
    customer.revision += 1
    customer.version += 1
    try:
        session.flush()
    except IntegrityError as error:
        raise _reason(error) from None
    if before["external_ids"] != after["external_ids"]:
        session.execute(delete(ExternalId).where(ExternalId.customer_id == customer.id))
        _claim_external_ids(session, customer, after["external_ids"])
    history.record(session, customer, action="edited", fields=changes, editor=editor, now=now)
    events.publish(session, events.EDITED, customer, now=now)
    return customer


def record_login(session: Session, *, publisher_id: str, customer_id: str, at: datetime, now: datetime) -> Login:
    """Record that a customer logged in at ``at``; the same login again changes nothing.

    Raises CustomerNotFound, CustomerAnonymized.
    """
    customer = lock_customer(session, publisher_id, customer_id)
    if customer.status == "anonymized":
        raise CustomerAnonymized
    known = session.get(Login, (customer_id, at))
    if known is not None:
        return known
    login = Login(id=new_id("lgn"), customer_id=customer.id, at=at, publisher_id=customer.publisher_id)
    session.add(login)
    if customer.last_login_at is None or customer.last_login_at < at:
        customer.last_login_at = at
    customer.version += 1
    session.flush()
    told = {"id": login.id, "customer_id": customer.id, "at": rfc3339(at)}
    events.publish(session, events.LOGGED_IN, customer, now=now, extra={"login": told})
    return login


def lock_customer(session: Session, publisher_id: str, customer_id: str) -> Customer:
    """The customer as it is now, locked until the transaction ends. Raises CustomerNotFound."""
    mine = (Customer.id == customer_id, Customer.publisher_id == publisher_id)
    statement = select(Customer).where(*mine).with_for_update()
    customer = session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
    if customer is None:
        raise CustomerNotFound
    return customer


def _blank() -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(history.FIELDS)
    return {**empty, "external_ids": [], "attributes": {}}


def _merged(before: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` merged into ``before`` by the rules of JSON Merge Patch (RFC 7396)."""
    after = {**before, **{field: data[field] for field in history.FIELDS if field in data}}
    if data.get("address") is not None:
        parts = {**(before["address"] or {}), **data["address"]}
        after["address"] = {part: parts.get(part) for part in ADDRESS_PARTS}
        if not any(parts.values()):
            after["address"] = None
    if "attributes" in data:
        merged = {**before["attributes"], **data["attributes"]} if data["attributes"] is not None else {}
        after["attributes"] = {name: value for name, value in merged.items() if value is not None}
    if "country" not in data and after["country"] is None and after["address"] is not None:
        after["country"] = after["address"]["country"]
    return after


def _require_identity(content: Mapping[str, Any]) -> None:
    if content["email"] is None and not content["external_ids"]:
        raise NothingToKnowThemBy


def _claim_external_ids(session: Session, customer: CustomerRow, entries: Sequence[Mapping[str, str]]) -> None:
    _require_claimed(execute_directly(session, [_claim(customer, entry) for entry in entries]))


def _claim(customer: CustomerRow, entry: Mapping[str, str]) -> Statement:
    row = {
        "publisher_id": customer.publisher_id,
        "source": entry["source"],
        "external_id": entry["id"],
        "customer_id": customer.id,
    }
    return Statement(_CLAIM, row)


def _require_claimed(written: Sequence[int]) -> None:
    for index, rows in enumerate(written):
        if not rows:
            raise ExternalIdTaken(index)


def _changed_meanwhile(session: Session, customer: Customer, since: int) -> ChangedMeanwhile:
    entries = session.execute(
        select(Change)
        .where(Change.customer_id == customer.id, Change.revision > since)
        .order_by(Change.revision.desc())
        .limit(20)
    ).scalars()
    return ChangedMeanwhile(current_etag=etag(customer.revision), changes=[change_state(entry) for entry in entries])


def _reason(error: IntegrityError) -> Exception:
    cause = error.orig
    if isinstance(cause, psycopg.errors.UniqueViolation) and cause.diag.constraint_name == "customer_by_email":
        return EmailTaken()
    return error

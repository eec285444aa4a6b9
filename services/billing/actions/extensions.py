"""Giving access for longer than was paid for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.access import access_by
from services.billing.actions.accounts import lock_open_account, settle_account
from services.billing.calendar_rules import after_periods
from services.billing.errors import AccessNotFound, ExtensionInvalid, TransactionNotFound
from services.billing.models.access import Access, AccessExtension
from services.billing.models.accounts import Account
from services.billing.models.transactions import Transaction
from services.billing.queries.extensions import LONGEST, why_no_extension
from services.billing.queries.rows import find, find_locked
from services.billing.queries.settings import billing_settings


def extend_access_of(
    session: Session,
    *,
    publisher_id: str,
    transaction_id: str,
    data: Mapping[str, Any],
    extended_by: str,
    now: datetime,
) -> Access:
    """Extend the access that a transaction paid for, as ``extend_access`` does.

    Raises TransactionNotFound, CustomerErased, AccountClosed, ActionRefused, ExtensionInvalid.
    """
    transaction = find(session, Transaction, publisher_id, transaction_id, TransactionNotFound)
    account = lock_open_account(session, publisher_id, transaction.customer_id)
    access = access_by(session, transaction)
    return _extend(session, account, access, data=data, extended_by=extended_by, now=now)


def extend_access(
    session: Session,
    *,
    publisher_id: str,
    access_id: str,
    data: Mapping[str, Any],
    extended_by: str,
    now: datetime,
) -> Access:
    """Have access last until a time, or for so long more (fields as in ``ExtendAccess``); access that is over begins
    again. What is charged, and when, stays as it is.

    Raises AccessNotFound, CustomerErased, AccountClosed, ActionRefused, ExtensionInvalid.
    """
    found = find(session, Access, publisher_id, access_id, AccessNotFound)
    account = lock_open_account(session, publisher_id, found.customer_id)
    access = find_locked(session, Access, publisher_id, access_id, AccessNotFound)
    return _extend(session, account, access, data=data, extended_by=extended_by, now=now)


def _extend(
    session: Session, account: Account, access: Access | None, *, data: Mapping[str, Any], extended_by: str,
    now: datetime,
) -> Access:  # fmt: skip
    refusal = why_no_extension(access)
    if refusal is not None or access is None:
        raise refusal or AccessNotFound
    zone = billing_settings(session, account.publisher_id).time_zone
    until = _until(access, data, zone, now)
    session.add(
        AccessExtension(
            id=new_id("ext"),
            publisher_id=access.publisher_id,
            customer_id=access.customer_id,
            access_id=access.id,
            ended_before=access.ended_at or access.ends_at,
            ends_at=until,
            reason=data["reason"],
            extended_by=extended_by,
            extended_at=now,
        )
    )
    if access.ended_at is not None:
        access.ended_at, access.reason = None, "extension"
    access.ends_at = until
    access.version += 1
    events.publish_access(session, events.ACCESS_EXTENDED, access, now=now)
    settle_account(session, account, now=now)
    return access


def _until(access: Access, data: Mapping[str, Any], time_zone: str, now: datetime) -> datetime:
    """When the access is to end. Raises ExtensionInvalid."""
    present = access.ends_at if access.ended_at is None else None
    begins = max(present or now, now)
    if "until" in data:
        until, where = cast("datetime", data["until"]), "/until"
    else:
        length, where = data["duration"], "/duration"
        until = after_periods(begins, length["unit"], length["count"], 1, time_zone)
    if until <= now:
        raise ExtensionInvalid("extension_in_past", "Access can only be extended into the future.", where)
    if until <= begins:
        raise ExtensionInvalid("extension_not_longer", f"Access already runs until {begins:%Y-%m-%d %H:%M} UTC.", where)
    if until > now + LONGEST:
        raise ExtensionInvalid("extension_too_far", "Access can be extended to at most twenty years from now.", where)
    return until

"""Deleting payment details: no longer used at once, forgotten by the provider, then gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.accounts import lock_account, settle_account
from services.billing.errors import PaymentMethodNotFound
from services.billing.intents import intend
from services.billing.models.operations import Operation
from services.billing.models.payment_methods import PaymentMethod
from services.billing.providers.orders import DetachOrder
from services.billing.providers.port import Capabilities
from services.billing.queries.methods import may_delete
from services.billing.queries.rows import find, find_locked

FindCapabilities = Callable[[str], Capabilities]
"""What the publisher's provider of this name can do."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What deleting came to: an operation, if the provider has something to forget."""

    method: PaymentMethod
    operation: Operation | None = None


def delete_method(
    session: Session, *, publisher_id: str, payment_method_id: str, capabilities_of: FindCapabilities,
    requested_by: str, now: datetime,
) -> Deletion:  # fmt: skip
    """Delete payment details; what relied on them is charged to the default ones from now on, or fails.

    Doing it again changes nothing. Raises PaymentMethodNotFound, CustomerErased, ProviderRefusal, PaymentPending.
    """
    found = find(session, PaymentMethod, publisher_id, payment_method_id, PaymentMethodNotFound)
    account = lock_account(session, publisher_id, found.customer_id)
    method = find_locked(session, PaymentMethod, publisher_id, payment_method_id, PaymentMethodNotFound)
    if method.status != "active":
        return Deletion(method)
    may_delete(session, method, capabilities_of(method.provider))
    reference, operation = method.provider_reference, None
    method.status, method.is_default = "detaching", False
    method.version += 1
    if reference is None:
        forget_method(session, method, now=now)
    else:
        events.publish_method(session, events.METHOD_CHANGED, method, now=now)
        operation = intend(
            session, publisher_id=publisher_id, customer_id=account.customer_id, provider=method.provider,
            subject_id=method.id, requested_by=requested_by, now=now,
            order=lambda key: DetachOrder(key=key, payment_method=reference),
        )  # fmt: skip
    settle_account(session, account, now=now)
    return Deletion(method, operation)


def forget_method(session: Session, method: PaymentMethod, *, now: datetime) -> None:
    """The provider has forgotten the details, so do we. Doing it again changes nothing."""
    if method.status == "detached":
        return
    method.status, method.detached_at, method.is_default = "detached", now, False
    method.provider_reference = method.provider_customer = None
    method.version += 1
    events.publish_method(session, events.METHOD_DETACHED, method, now=now)


def keep_method(session: Session, method: PaymentMethod, *, now: datetime) -> None:
    """The provider will not forget the details: they are on file as before, though no longer the default."""
    if method.status != "detaching":
        return
    method.status = "active"
    method.version += 1
    events.publish_method(session, events.METHOD_CHANGED, method, now=now)

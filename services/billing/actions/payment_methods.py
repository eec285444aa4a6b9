"""Putting payment details on file, and choosing the default ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from servicekit.etag import etag
from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.accounts import lock_open_account, settle_account
from services.billing.errors import (
    ChangedMeanwhile,
    NoPaymentMethod,
    PaymentMethodNotFound,
    PaymentMethodTaken,
    PaymentMethodUnusable,
)
from services.billing.models.payment_methods import PaymentMethod
from services.billing.providers.port import MethodDetails
from services.billing.queries.rows import find, find_locked
from services.billing.views.payment_methods import is_expired

# In one order, so that two who hold several never wait for each other.
_LOCK_TOKENS = text(
    """
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(CAST(:names AS text[])) AS name ORDER BY 1
    ) AS locks
    """
)


def attach_method(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    provider: str,
    details: MethodDetails,
    make_default: bool,
    now: datetime,
) -> PaymentMethod:
    """Put payment details on file that ``provider`` has described. The first ones become the default.

    The same details again are found, not doubled. Raises CustomerNotFound, AccountClosed, PaymentMethodTaken.
    """
    account = lock_open_account(session, publisher_id, customer_id)
    mine = select(PaymentMethod).where(
        PaymentMethod.publisher_id == publisher_id,
        PaymentMethod.customer_id == customer_id,
        PaymentMethod.status == "active",
    )
    on_file = session.scalars(mine.order_by(PaymentMethod.id)).all()
    for method in on_file:
        if method.provider == provider and method.provider_reference == details.reference:
            return method
    owner = owners_of_tokens(session, publisher_id, provider, [details.reference]).get(details.reference)
    if owner not in (None, customer_id):
        raise PaymentMethodTaken
    default = make_default or not any(method.is_default for method in on_file)
    if default:
        no_longer_default(session, on_file, now)
    method = _described(publisher_id, customer_id, provider, details, is_default=default, now=now)
    session.add(method)
    events.publish_method(session, events.METHOD_ATTACHED, method, now=now)
    settle_account(session, account, now=now)
    return method


def owners_of_tokens(session: Session, publisher_id: str, provider: str, references: Collection[str]) -> dict[str, str]:
    """Which of a provider's tokens are on file, and for which customer. Nobody else puts one on file until the commit.

    The caller holds the accounts for which they are to be put on file.
    """
    names = [f"token {publisher_id} {provider} {reference}" for reference in references]
    session.execute(_LOCK_TOKENS, {"names": names})
    on_file = select(PaymentMethod.provider_reference, PaymentMethod.customer_id).where(
        PaymentMethod.publisher_id == publisher_id,
        PaymentMethod.provider == provider,
        PaymentMethod.provider_reference.in_(references),
        PaymentMethod.status != "detached",
    )
    return {reference: owner for reference, owner in session.execute(on_file) if reference is not None}


def _described(
    publisher_id: str, customer_id: str, provider: str, details: MethodDetails, *, is_default: bool, now: datetime
) -> PaymentMethod:
    return PaymentMethod(
        id=new_id("pm"),
        publisher_id=publisher_id,
        customer_id=customer_id,
        provider=provider,
        provider_reference=details.reference,
        provider_customer=details.provider_customer,
        kind=details.kind,
        brand=details.brand,
        last4=details.last4,
        expiry_month=details.expiry_month,
        expiry_year=details.expiry_year,
        is_default=is_default,
        status="active",
        created_at=now,
        version=1,
    )


def usable_method(
    session: Session, publisher_id: str, customer_id: str, method_id: str | None, *, now: datetime
) -> PaymentMethod:
    """The customer's payment details with this ID, or else their default ones.

    Raises PaymentMethodNotFound, PaymentMethodUnusable, NoPaymentMethod.
    """
    if method_id is None:
        default = select(PaymentMethod).where(
            PaymentMethod.publisher_id == publisher_id,
            PaymentMethod.customer_id == customer_id,
            PaymentMethod.is_default,
        )
        method = session.scalars(default).one_or_none()
        if method is None:
            raise NoPaymentMethod
    else:
        method = find(session, PaymentMethod, publisher_id, method_id, PaymentMethodNotFound)
    if method.customer_id != customer_id:
        raise PaymentMethodNotFound
    require_usable(method, now=now)
    return method


def no_longer_default(session: Session, methods: Iterable[PaymentMethod], now: datetime) -> None:
    """Take the default mark off the one of these that has it."""
    for method in methods:
        if method.is_default:
            # At once: there can be only one, also while another is being marked.
            session.execute(update(PaymentMethod).where(PaymentMethod.id == method.id).values(is_default=False))
            method.is_default = False
            method.version += 1
            events.publish_method(session, events.METHOD_CHANGED, method, now=now)


def edit_method(
    session: Session, *, publisher_id: str, payment_method_id: str, is_default: bool, expected_version: int | None,
    now: datetime,
) -> PaymentMethod:  # fmt: skip
    """Make payment details the default ones, or no longer.

    Raises PaymentMethodNotFound, CustomerErased, AccountClosed, ChangedMeanwhile, PaymentMethodUnusable.
    """
    found = find(session, PaymentMethod, publisher_id, payment_method_id, PaymentMethodNotFound)
    account = lock_open_account(session, publisher_id, found.customer_id)
    method = find_locked(session, PaymentMethod, publisher_id, payment_method_id, PaymentMethodNotFound)
    if expected_version is not None and expected_version != method.version:
        raise ChangedMeanwhile(etag(method.version))
    if is_default:
        require_usable(method, now=now)
    if method.is_default != is_default:
        mine = select(PaymentMethod).where(
            PaymentMethod.publisher_id == publisher_id, PaymentMethod.customer_id == method.customer_id
        )
        no_longer_default(session, session.scalars(mine.with_for_update()).all(), now)
        if is_default:
            method.is_default = True
            method.version += 1
            events.publish_method(session, events.METHOD_CHANGED, method, now=now)
        settle_account(session, account, now=now)
    return method


def require_usable(method: PaymentMethod, *, now: datetime) -> None:
    """Raise PaymentMethodUnusable for details that were deleted or have expired."""
    if method.status != "active":
        raise PaymentMethodUnusable("These payment details were deleted. Use others.")
    if is_expired(method, now):
        raise PaymentMethodUnusable("This card has expired. Use other payment details.")

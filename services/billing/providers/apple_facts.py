"""What the App Store's notifications mean (Apple: "notificationType", "subtype", "JWSTransactionDecodedPayload")."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload

from services.billing.money import Money, digits_of
from services.billing.providers.notifications import Fact, RefundFailed, RefundSettled, StoreChange, StorePayment

_RENEWABLE = "Auto-Renewable Subscription"
_PAYMENTS = ("SUBSCRIBED", "DID_RENEW", "OFFER_REDEEMED", "ONE_TIME_CHARGE")
_CHANGES = {
    ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED"): "active",
    ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"): "cancelled",
    ("RENEWAL_EXTENDED", ""): "active",
    ("DID_FAIL_TO_RENEW", ""): "past_due",
    ("DID_FAIL_TO_RENEW", "GRACE_PERIOD"): "past_due",
    ("GRACE_PERIOD_EXPIRED", ""): "past_due",
    ("REVOKE", ""): "revoked",
}
_ALL_MILLI_PERCENT = 100_000


def fact_of(
    kind: str,
    subtype: str,
    transaction: JWSTransactionDecodedPayload,
    renewal: JWSRenewalInfoDecodedPayload | None,
) -> Fact | None:
    """The fact that a notification tells; None for one that changes nothing here. Raises ValueError."""
    if kind in _PAYMENTS or (kind, subtype) == ("DID_CHANGE_RENEWAL_PREF", "UPGRADE"):
        return _payment(transaction)
    if kind == "REFUND":
        return _refund(transaction)
    if kind == "REFUND_REVERSED":
        order_id = _needed(transaction.transactionId)
        return RefundFailed(
            key=None,
            reference=refund_reference(order_id),
            charge_reference=order_id,
            code="refund_reversed",
            message="Apple took the refund back after the customer's dispute.",
        )
    status = "expired" if kind == "EXPIRED" else _CHANGES.get((kind, subtype))
    return _change(status, kind, subtype, transaction, renewal) if status else None


def refund_reference(order_id: str) -> str:
    """Stores give their refunds no ID: there is at most one of an order."""
    return f"{order_id}:refund"


def moment(milliseconds: int | None) -> datetime | None:
    """A time as Apple writes it."""
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _payment(transaction: JWSTransactionDecodedPayload) -> StorePayment:
    paid_at = moment(transaction.purchaseDate)
    if paid_at is None:
        raise ValueError("without its date")
    renewable = transaction.rawType == _RENEWABLE
    return StorePayment(
        order_id=_needed(transaction.transactionId),
        subscription_reference=_needed(transaction.originalTransactionId) if renewable else None,
        account=transaction.appAccountToken,
        product=_needed(transaction.productId),
        amount=_amount(transaction),
        is_trial=transaction.rawOfferDiscountType == "FREE_TRIAL",
        is_renewal=transaction.rawTransactionReason == "RENEWAL",
        paid_at=paid_at,
        starts_at=paid_at,
        until=moment(transaction.expiresDate),
    )


def _refund(transaction: JWSTransactionDecodedPayload) -> RefundSettled:
    order_id, amount = _needed(transaction.transactionId), _amount(transaction)
    share = transaction.revocationPercentage
    if amount and share is not None and 0 < share < _ALL_MILLI_PERCENT:
        part = Decimal(amount.amount_minor) * share / _ALL_MILLI_PERCENT
        amount = Money(int(part.to_integral_value(rounding=ROUND_HALF_EVEN)), amount.currency)
    else:
        amount = None
    return RefundSettled(
        key=None,
        reference=refund_reference(order_id),
        charge_reference=order_id,
        charge_key=None,
        amount=amount,
    )


def _change(
    status: str,
    kind: str,
    subtype: str,
    transaction: JWSTransactionDecodedPayload,
    renewal: JWSRenewalInfoDecodedPayload | None,
) -> StoreChange:
    until = transaction.expiresDate
    if status == "past_due" and subtype == "GRACE_PERIOD" and renewal and renewal.gracePeriodExpiresDate:
        until = renewal.gracePeriodExpiresDate
    if status == "revoked":
        until = transaction.revocationDate or until
    return StoreChange(
        subscription_reference=_needed(transaction.originalTransactionId),
        account=transaction.appAccountToken,
        product=_needed(transaction.productId),
        status=status,
        until=moment(until),
        reason=f"{kind}.{subtype}".rstrip(".").lower(),
    )


def _amount(transaction: JWSTransactionDecodedPayload) -> Money | None:
    """``price`` is in thousandths of the currency's main unit."""
    if transaction.price is None or not transaction.currency:
        return None
    minor = Decimal(transaction.price).scaleb(digits_of(transaction.currency) - 3)
    return Money(int(minor.to_integral_value(rounding=ROUND_HALF_EVEN)), transaction.currency)


def _needed(value: str | None) -> str:
    if not value or len(value) > 255:
        raise ValueError("an ID is missing")
    return value

"""The kinds of mail there are (E1), and what holds for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail. ``details``: which facts the default template lists, in their order. ``resent``: a customer may
    want it again; the others tell of something that passes."""

    name: str
    title: str
    details: tuple[str, ...] = ()
    resent: bool = False


_KINDS = (
    Kind("welcome", "Welcome", resent=True),
    Kind(
        "access_purchased",
        "Access purchased",
        ("offer", "amount", "date", "access_until", "payment_method", "order_number"),
        resent=True,
    ),
    Kind("invoice", "Invoice", ("invoice_number", "date", "amount"), resent=True),
    Kind("renewal_announcement", "Renewal announcement", ("offer", "amount", "next_payment_date", "payment_method")),
    Kind(
        "subscription_renewed",
        "Subscription renewed",
        ("offer", "amount", "date", "access_until", "next_payment_date", "payment_method"),
        resent=True,
    ),
    Kind("payment_reminder", "Payment reminder", ("offer", "amount", "retry_date", "payment_method")),
    Kind("failed_payment", "Failed payment", ("offer", "amount", "date", "payment_method", "reason")),
    Kind("card_expiring", "Card expiring", ("payment_method", "card_expiry", "offer", "next_payment_date")),
    Kind("subscription_stopped", "Subscription stopped", ("offer", "access_until"), resent=True),
    Kind(
        "subscription_switched",
        "Subscription switched",
        ("previous_offer", "offer", "amount", "date", "next_payment_date"),
        resent=True,
    ),
    Kind("access_expired", "Access expired", ("offer", "access_until")),
    Kind(
        "refund_confirmation",
        "Refund confirmation",
        ("offer", "amount", "date", "payment_method", "order_number", "transaction_id"),
        resent=True,
    ),
    Kind(
        "receipt",
        "Receipt",
        ("offer", "amount", "tax", "date", "payment_method", "order_number", "transaction_id"),
        resent=True,
    ),
    Kind("account_anonymized", "Account anonymized"),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}

QUEUED, SENT, FAILED, BOUNCED, GENERATED = "queued", "sent", "failed", "bounced", "generated_not_sent"
STATUSES = (QUEUED, SENT, FAILED, BOUNCED, GENERATED)
"""``generated_not_sent``: the publisher delivers mail itself."""
OURS, PUBLISHERS = "accounts", "publisher"
DELIVERIES = (OURS, PUBLISHERS)
"""Who delivers a publisher's mail."""

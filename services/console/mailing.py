"""Words and colors for mails: kinds, statuses, and why one was not delivered."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "welcome": "Welcome",
    "access_purchased": "Access purchased",
    "invoice": "Invoice",
    "renewal_announcement": "Renewal announcement",
    "subscription_renewed": "Subscription renewed",
    "payment_reminder": "Payment reminder",
    "failed_payment": "Failed payment",
    "card_expiring": "Card expiring",
    "subscription_stopped": "Subscription stopped",
    "subscription_switched": "Subscription switched",
    "access_expired": "Access expired",
    "refund_confirmation": "Refund confirmation",
    "receipt": "Receipt",
    "account_anonymized": "Account anonymized",
}
OCCASIONS: Mapping[str, str] = {
    "welcome": "A customer was created",
    "access_purchased": "A purchase was paid",
    "invoice": "An invoice was issued",
    "renewal_announcement": "A subscription renews soon",
    "subscription_renewed": "A renewal was paid",
    "payment_reminder": "A renewal's first payment failed",
    "failed_payment": "A purchase failed, or a renewal once more",
    "card_expiring": "30 days before a card's last day",
    "subscription_stopped": "A subscription was canceled, or ended unpaid",
    "subscription_switched": "A subscription changed to another offer",
    "access_expired": "Access ran out",
    "refund_confirmation": "Money was given back",
    "receipt": "A payment was made, renewals too",
    "account_anonymized": "A customer was anonymized: the last mail",
}
"""When a mail of a kind is sent."""
STATUSES: Mapping[str, tuple[str, str]] = {
    "queued": ("Queued", "bg-azure-lt"),
    "sent": ("Sent", "bg-green-lt"),
    "failed": ("Failed", "bg-red-lt"),
    "bounced": ("Bounced", "bg-red-lt"),
    "generated_not_sent": ("Generated (Not Sent)", "bg-secondary-lt"),
}
FAILURES: Mapping[str, str] = {
    "mailbox_refused": "The customer's mail server doesn't take mail for this address.",
    "message_refused": "The customer's mail server refused the message.",
    "address_unknown": "It came back: this address doesn't exist.",
    "address_bounced": "Not sent, because mail to this address came back before.",
    "address_invalid": "No mail can be sent to this address.",
    "bounced": "It came back.",
    "given_up": "The mail server put it off for two days; then it was given up.",
    "no_address": "The customer has no email address.",
    "customer_anonymized": "The customer was anonymized before it could be sent.",
    "answer_lost": "The mail server's answer was lost; it is tried again.",
}


def kind_name(kind: str) -> str:
    """A kind in words; its own name for one that is new to this version."""
    return KINDS.get(kind) or kind.replace("_", " ").capitalize()


def status_name(status: str) -> str:
    """A status in words."""
    return STATUSES[status][0] if status in STATUSES else status.replace("_", " ").capitalize()


def status_color(status: str) -> str:
    """The badge of a status."""
    return STATUSES[status][1] if status in STATUSES else "bg-secondary-lt"


def failure_words(code: str) -> str:
    """Why a mail was not delivered, or why it is tried again."""
    return FAILURES.get(code) or f"The mail server could not take it ({code.replace('_', ' ')})."

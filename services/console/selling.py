"""What billing tells in words: statuses, kinds, channels, and what is on file to pay with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

# Each status with how its badge is colored.
TRANSACTION_STATUSES: Mapping[str, tuple[str, str]] = {
    "pending": ("Pending", "bg-azure-lt"),
    "succeeded": ("Succeeded", "bg-green-lt"),
    "failed": ("Failed", "bg-red-lt"),
    "cancelled": ("Canceled", "bg-secondary-lt"),
    "refunded": ("Refunded", "bg-secondary-lt"),
    "partially_refunded": ("Partly refunded", "bg-yellow-lt"),
}
REFUND_STATUSES: Mapping[str, tuple[str, str]] = {
    "pending": ("Pending", "bg-azure-lt"),
    "succeeded": ("Done", "bg-green-lt"),
    "failed": ("Failed", "bg-red-lt"),
}
SUBSCRIPTION_STATUSES: Mapping[str, tuple[str, str]] = {
    "trialing": ("Trial", "bg-azure-lt"),
    "active": ("Active", "bg-green-lt"),
    "past_due": ("Payment failed", "bg-red-lt"),
    "cancelled": ("Canceled", "bg-yellow-lt"),
    "expired": ("Ended", "bg-secondary-lt"),
}
CHANNELS: Mapping[str, str] = {
    "web": "Web",
    "apple": "App Store",
    "google": "Google Play",
    "roku": "Roku",
    "amazon": "Amazon",
    "other": "Other",
}
STORES = ("apple", "google", "roku", "amazon")
"""Channels where the customer pays a store, which pays the publisher."""
STORE_ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "apple": ("Apple", "in the subscriptions of their Apple account"),
    "google": ("Google", "in Google Play, under payments and subscriptions"),
    "roku": ("Roku", "in their Roku account"),
    "amazon": ("Amazon", "in the memberships and subscriptions of their Amazon account"),
}
"""Of each store: who keeps the payment details, and where the customer manages them."""
REFUSALS: Mapping[str, str] = {
    "charge": "Can't be charged here",
    "refund": "Can't be refunded here",
    "cancel": "Can't be canceled here",
    "delete": "Can't be deleted here",
}
PROVIDERS: Mapping[str, str] = {"sandbox": "Sandbox", "stripe": "Stripe", "apple": "Apple", "google": "Google"}
OFFER_KINDS: Mapping[str, tuple[str, str]] = {
    "subscription": ("Subscription", "Renews by itself, until somebody cancels it."),
    "pass": ("Pass", "Access for a while, paid for once."),
    "event": ("Event", "One happening; access for good."),
    "single": ("Single item", "One thing; access for good."),
}
TRANSACTION_KINDS: Mapping[str, str] = {"purchase": "Purchase", "renewal": "Renewal", "switch": "Switch of offers"}
REFUND_REASONS: Mapping[str, str] = {
    "requested_by_customer": "The customer asked for it",
    "duplicate": "Paid twice",
    "service_problem": "Something didn't work",
    "goodwill": "Goodwill",
    "fraudulent": "Fraud",
    "other": "Something else",
}
ACTIONS: Mapping[str, str] = {"refund": "Refund", "cancel": "Cancel transaction", "extend_access": "Extend access"}
HAPPENINGS: Mapping[str, str] = {
    "created": "Begun",
    "imported": "Imported",
    "succeeded": "Paid",
    "failed": "Failed",
    "cancelled": "Canceled",
    "refund_requested": "Refund asked for",
    "refunded": "Refunded",
    "refund_failed": "Refund failed",
    "invoice_issued": "Invoice issued",
    "credit_note_issued": "Credit note issued",
    "access_extended": "Access extended",
}
ACCESS_REASONS: Mapping[str, str] = {
    "purchase": "Bought",
    "trial": "Trial",
    "extension": "Extended by staff",
    "import": "Imported",
}
_METHOD_KINDS: Mapping[str, str] = {
    "card": "Card",
    "paypal": "PayPal",
    "sepa_debit": "SEPA direct debit",
    "store": "Store",
    "other": "Other",
}
UNITS = ("day", "week", "month", "year")


def words(table: Mapping[str, Any], value: str) -> str:
    """What a value is called; its own name for one that is new to this version."""
    found = table.get(value) or value.replace("_", " ").capitalize()
    return str(found if isinstance(found, str) else found[0])


def color(table: Mapping[str, tuple[str, str]], status: str) -> str:
    """The class of a status's badge."""
    return table[status][1] if status in table else "bg-secondary-lt"


def method_name(method: Mapping[str, Any] | None) -> str:
    """What is paid with, without its digits: ``Visa``, ``PayPal``, ``App Store``; empty for nothing, or if not told."""
    if method is None or method["kind"] is None:
        return ""
    if method["kind"] == "store":
        return words(CHANNELS, method.get("brand") or "store")
    brand = str(method.get("brand") or "")
    return (words({}, brand) if brand.islower() else brand) or words(_METHOD_KINDS, method["kind"])


def every(period: Mapping[str, Any] | None) -> str:
    """How often something recurs or how long it lasts: ``1 month``, ``3 months``; empty for nothing."""
    if period is None:
        return ""
    count, unit = int(period["count"]), str(period["unit"])
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def each(period: Mapping[str, Any]) -> str:
    """The same after a price: ``month``, ``3 months``."""
    return every(period).removeprefix("1 ")


def offer_address(template: str | None, offer: Mapping[str, Any]) -> str | None:
    """Where the publisher's website shows an offer (by the publisher's own ID of it, if it has one); None: nowhere."""
    if not template or not template.startswith(("https://", "http://")) or "{offer_id}" not in template:
        return None
    return template.replace("{offer_id}", quote(str(offer.get("external_id") or offer["id"]), safe=""))


def renewing(subscriptions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that have not ended; the next payment first."""
    running = [each for each in subscriptions if each["status"] != "expired"]
    return sorted(running, key=lambda each: each["next_payment_at"] or f"~{each['current_period_end']}")

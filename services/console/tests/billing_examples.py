"""Billing's answers, as its description has them."""

from __future__ import annotations

from typing import Any

from services.console.tests.examples import ID

TXN, SUB, PM, INV = (f"{prefix}_06h5yvkg1scm7h3b8k5rqt2xzw" for prefix in ("txn", "sub", "pm", "inv"))
OFFER: dict[str, Any] = {
    "id": "off_06h5yvkg1scm7h3b8k5rqt2xzw",
    "external_id": "S 705/DE",
    "name": "Premium, monthly",
    "kind": "subscription",
}
METHOD_REF: dict[str, Any] = {"id": PM, "kind": "card", "brand": "Visa", "last4": "4242"}
METHOD: dict[str, Any] = {
    **METHOD_REF,
    "customer_id": ID,
    "provider": "sandbox",
    "expiry_month": 2,
    "expiry_year": 2034,
    "expired": False,
    "is_default": True,
    "status": "active",
    "created_at": "2026-01-31T23:30:00.000000Z",
    "detached_at": None,
    "version": 1,
}
SUBSCRIPTION: dict[str, Any] = {
    "id": SUB,
    "customer_id": ID,
    "offer": OFFER,
    "status": "active",
    "channel": "web",
    "provider": "sandbox",
    "payment_method_id": PM,
    "external_id": None,
    "price": {"amount_minor": 999, "currency": "EUR"},
    "period": {"unit": "month", "count": 1},
    "started_at": "2026-01-31T23:30:00.000000Z",
    "current_period_start": "2026-11-30T23:30:00.000000Z",
    "current_period_end": "2026-12-31T23:30:00.000000Z",
    "trial_end": None,
    "next_payment_at": "2026-12-31T23:30:00.000000Z",
    "cancel_at_period_end": False,
    "cancelled_at": None,
    "cancellation_reason": None,
    "ended_at": None,
    "ended_reason": None,
    "pending_switch": None,
    "retry": None,
    "origin": "live",
    "version": 1,
}
CANCELLED = {"status": "cancelled", "next_payment_at": None, "cancel_at_period_end": True}
TRANSACTION: dict[str, Any] = {
    "id": TXN,
    "customer_id": ID,
    "kind": "purchase",
    "offer": OFFER,
    "subscription_id": SUB,
    "amount": {"amount_minor": 123456, "currency": "EUR"},
    "tax": {"amount_minor": 19711, "currency": "EUR"},
    "refunded": {"amount_minor": 0, "currency": "EUR"},
    "remaining": {"amount_minor": 123456, "currency": "EUR"},
    "status": "succeeded",
    "channel": "web",
    "payment_method": METHOD_REF,
    "provider": "sandbox",
    "provider_reference": "ch_123",
    "external_order_id": "ORDER-1001",
    "period_start": "2026-01-31T23:30:00.000000Z",
    "period_end": "2026-02-28T23:30:00.000000Z",
    "attempt": None,
    "failure": None,
    "operation": None,
    "refunds": [],
    "origin": "live",
    "created_at": "2026-01-31T23:30:00.000000Z",
    "settled_at": "2026-01-31T23:30:01.000000Z",
    "version": 2,
}
REFUND: dict[str, Any] = {
    "id": "ref_06h5yvkg1scm7h3b8k5rqt2xzw",
    "transaction_id": TXN,
    "amount": {"amount_minor": 500, "currency": "EUR"},
    "status": "succeeded",
    "reason": "goodwill",
    "comment": "Sorry <b>",
    "ends_access": False,
    "stops_renewals": False,
    "provider_reference": "re_1",
    "failure": None,
    "operation": None,
    "requested_by": "stf_06h5yvkg1scm7h3b8k5rqt2xzw",
    "requested_at": "2026-02-01T10:00:00.000000Z",
    "settled_at": "2026-02-01T10:00:01.000000Z",
}


def action(name: str, *consequences: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Something that can be done."""
    blank = {"code": None, "reason": None, "amount": None, "partial_allowed": False, "defaults": None}
    return {"action": name, "allowed": True, **blank, "consequences": list(consequences), **more}


def consequence(
    code: str, *, when: str | None = None, amount: int | None = None, at: str | None = None
) -> dict[str, Any]:
    """Something that it brings about; in billing's words, "what {code} says"."""
    money = None if amount is None else {"amount_minor": amount, "currency": "EUR"}
    return {
        "code": code,
        "text": f"What {code} says.",
        "when": when,
        "amount": money,
        "at": at,
        "subscription_id": None,
    }


HAPPENED: dict[str, Any] = {
    "id": TXN,
    "at": "2026-01-31T23:30:01.000000Z",
    "type": "succeeded",
    "actor_id": "stf_06h5yvkg1scm7h3b8k5rqt2xzw",
    "amount": {"amount_minor": 123456, "currency": "EUR"},
    "refund_id": None,
    "invoice_id": None,
    "access_until": None,
    "failure": None,
}
ACTIONS: list[dict[str, Any]] = [
    action(
        "refund",
        consequence("money_back", amount=123456),
        consequence("access_ends", when="end_access"),
        consequence("next_payment_cancelled", when="stop_renewals", amount=999, at="2026-12-31T23:30:00.000000Z"),
        amount={"amount_minor": 123456, "currency": "EUR"},
        partial_allowed=True,
        defaults={"end_access": True, "stop_renewals": True},
    ),
    action("cancel", consequence("money_back", amount=123456), amount={"amount_minor": 123456, "currency": "EUR"}),
    action("extend_access", allowed=False, code="no_access", reason="There is no access to extend."),
]
ACCESS: dict[str, Any] = {
    "id": "acc_06h5yvkg1scm7h3b8k5rqt2xzw",
    "customer_id": ID,
    "offer": OFFER,
    "subscription_id": SUB,
    "transaction_id": TXN,
    "starts_at": "2026-01-31T23:30:00.000000Z",
    "ends_at": "2026-12-31T23:30:00.000000Z",
    "reason": "purchase",
    "ended_at": None,
    "version": 1,
}
INVOICE: dict[str, Any] = {
    "id": INV,
    "number": "2026-000001",
    "kind": "invoice",
    "customer_id": ID,
    "transaction_id": TXN,
    "refund_id": None,
    "issued_at": "2026-01-31T23:30:01.000000Z",
    "buyer": {"name": "Anna Müller", "company": None, "email": "anna@example.com", "address": None},
    "seller": {"name": "Nordlicht GmbH", "address": "Weg 1\n10115 Berlin", "tax_id": None, "email": None},
    "lines": [
        {
            "description": "Premium, monthly",
            "quantity": 1,
            "amount": {"amount_minor": 123456, "currency": "EUR"},
            "tax": {"amount_minor": 19711, "currency": "EUR"},
            "tax_percent": "19",
            "period_start": "2026-01-31T23:30:00.000000Z",
            "period_end": "2026-02-28T23:30:00.000000Z",
        }
    ],
    "total": {"amount_minor": 123456, "currency": "EUR"},
    "tax": {"amount_minor": 19711, "currency": "EUR"},
    "version": 1,
}
ACCOUNT: dict[str, Any] = {
    "customer_id": ID,
    "status": "open",
    "transactions_count": 1234,
    "lifetime_value": [{"amount_minor": 123456, "currency": "EUR"}, {"amount_minor": 500, "currency": "JPY"}],
    "active_subscriptions": 1,
    "subscription_status": "active",
    "next_payment_at": "2026-12-31T23:30:00.000000Z",
    "next_payment": {"amount_minor": 999, "currency": "EUR"},
    "last_payment_method": METHOD_REF,
    "first_transaction_at": "2026-01-31T23:30:00.000000Z",
    "last_transaction_at": "2026-01-31T23:30:00.000000Z",
    "first_channel": "web",
    "last_channel": "google",
    "has_access": True,
    "access_until": "2026-12-31T23:30:00.000000Z",
    "closed_at": None,
    "version": 3,
}


END = "2026-12-31T23:30:00.000000Z"
YEARLY: dict[str, Any] = {
    **OFFER,
    "id": "off_0000000000000000000000yyyy",
    "name": "Yearly",
    "price": {"amount_minor": 9900, "currency": "EUR"},
    "period": {"unit": "year", "count": 1},
}
SUB_ACTIONS = [
    action("cancel", consequence("access_until", at=END), consequence("next_payment_cancelled", amount=999, at=END)),
    action(
        "cancel_now",
        consequence("ends_at_once"),
        consequence("money_back", when="refund_full", amount=999),
        consequence("money_back", when="refund_prorated", amount=321),
        consequence("no_money_back", when="refund_none"),
    ),
    action("resume", consequence("renews", amount=999, at=END)),
    action("switch_at_period_end", consequence("new_price", amount=9900)),
    action("switch_now", consequence("credited", amount=321), consequence("charged_now", amount=9579)),
    action("undo_switch"),
]


def listed(*items: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    """A page."""
    return {"items": list(items), "next_cursor": cursor}

"""Which field a column's heading means, however it is spelled; and the exports of others, known by their headings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from marshmallow import ValidationError

from servicekit.imports.errors import InvalidMapping
from servicekit.imports.headings import NOT_IMPORTED
from servicekit.imports.vocabulary import Shape, Vocabulary, meanings_of
from services.billing.imports import fields
from services.billing.imports.fields import CUSTOMER_EXTERNAL_IDS, Load

_CUSTOMER_NAMES = {
    "customer_id": "customer, customer number, customer no, user id, account id, subscriber id",
    "customer_external_id": "external customer id, customer external id, external user id",
    "customer_email": "email, e mail, email address, user email, customer e mail, customer email address, login",
}
_OFFER_NAMES = {
    "external_id": "id, offer id, sku, product id, plan id, price id, external offer id",
    "name": "title, offer, offer name, product, product name, plan, description",
    "kind": "type, offer type",
    "price": "amount, unit price",
    "currency": "currency code",
    "tax_percent": "tax, tax rate, vat, vat rate, tax percent",
    "period": "interval, billing period, billing cycle, recurrence, frequency",
    "trial_days": "trial, trial period, trial period days",
}
_SUBSCRIPTION_NAMES = {
    **_CUSTOMER_NAMES,
    "external_id": "subscription external id, external subscription id, subscription id, id",
    "offer": "offer id, offer name, plan, plan id, product, product id, sku",
    "channel": "store, platform",
    "provider": "payment provider, gateway",
    "payment_method": "payment method id, payment method token, payment token, card token, token",
    "started_at": "start date, started, created, created at, created date, start",
    "current_period_end": "expiry date, expires, expires at, expiration date, renews at, next payment, "
    "next payment date, period end, valid until, current period end",
    "price": "amount",
    "currency": "currency code",
    "period": "interval, billing period, billing cycle, recurrence, frequency",
    "card_last4": "last4, card last 4",
    "card_expiry": "expiry, card expiry date, card expires",
}
_TRANSACTION_NAMES = {
    **_CUSTOMER_NAMES,
    "external_order_id": "order id, order, order number, order no, external order id, transaction id, payment id, "
    "external id",
    "created_at": "date, created, created date, created on, order date, payment date, purchase date, paid at, time, "
    "transaction date",
    "amount": "total, price, paid, amount paid, gross, sum",
    "currency": "currency code",
    "refunded": "amount refunded, refunded amount, refund amount, refund",
    "tax": "tax amount, vat, vat amount",
    "tax_percent": "tax rate, vat rate",
    "offer": "offer id, offer name, product, product id, product name, plan, sku, item",
    "channel": "store, platform",
    "provider": "payment provider, gateway",
    "provider_reference": "payment reference, charge id, payment intent, reference",
    "subscription_external_id": "subscription id, external subscription id, subscription",
    "card_last4": "last4, card last 4",
}
STRIPE_PAYMENTS = "stripe_payments"
_SUBSCRIPTION_SHAPES = (
    # developers.cleeng.com/docs/web-subscription-data and /in-app-subscription-data
    Shape(
        "cleeng_subscriptions",
        ("user email", "offer id", "expiry date", "status"),
        (
            "payment method id", "subscription external id", "external properties", "season index", "coupon code",
            "campaign name", "coupon already used", "originaltransactionid", "package name", "receipt id",
        ),
        {"originaltransactionid": "external_id", "receipt id": "external_id"},
    ),
)  # fmt: skip
_TRANSACTION_SHAPES = (
    # The dashboard's export of payments. Its descriptions name orders as often as products: offers only if asked for.
    Shape(
        STRIPE_PAYMENTS,
        ("id", "amount", "currency", "status"),
        ("amount refunded", "customer email", "captured", "decline reason", "converted amount", "payment intent id"),
        {
            "id": "provider_reference",
            "customer id": f"{CUSTOMER_EXTERNAL_IDS}stripe",
            "payment intent": NOT_IMPORTED,
            "tax": NOT_IMPORTED,
        },
    ),
)
_WHOSE = ("customer_id", "customer_external_id", "customer_email")
_WHOSE = ("customer_id", "customer_external_id", "customer_email")
_TELLS_APART = {
    "external_id", "external_order_id", "provider_reference", "customer_id", "customer_external_id", "customer_email",
    "payment_method",
}  # fmt: skip


def _vocabulary(
    table: Mapping[str, Load],
    others: Mapping[str, str],
    check_fields: Callable[[Collection[str], Collection[str]], None],
    shapes: Collection[Shape] = (),
) -> Vocabulary:
    of_customers = "customer_email" in table

    def canonical(target: str) -> str | None:
        if target in table:
            return target
        if of_customers and target.startswith(CUSTOMER_EXTERNAL_IDS):
            try:
                fields.load_source(target.removeprefix(CUSTOMER_EXTERNAL_IDS))
            except ValidationError:
                return None
            return target
        return None

    def check_constant(name: str, value: str) -> None:
        if name in _TELLS_APART or name.startswith(CUSTOMER_EXTERNAL_IDS):
            raise InvalidMapping(f"{name} tells rows apart: it can't be the same for all.")
        table[name](value)

    names = (*table, *((f"{CUSTOMER_EXTERNAL_IDS}SOURCE",) if of_customers else ()))
    return Vocabulary(
        fields=names,
        canonical=canonical,
        meanings=meanings_of(table, others),
        check_constant=check_constant,
        check_fields=check_fields,
        shapes=shapes,
    )


def _needs(*wanted: str, customer: bool) -> Callable[[Collection[str], Collection[str]], None]:
    def check(columns: Collection[str], constants: Collection[str]) -> None:
        there = {*columns, *constants}
        for name in wanted:
            if name not in there:
                raise InvalidMapping(f"No column becomes {name}. Map one to it, or give it to every row by set.")
        if customer and not any(name in _WHOSE or name.startswith(CUSTOMER_EXTERNAL_IDS) for name in there):
            raise InvalidMapping(
                "No column says whose the rows are: map one to customer_email, customer_external_id or customer_id."
            )

    return check


OFFERS = _vocabulary(fields.OFFERS, _OFFER_NAMES, _needs("name", "price", "currency", customer=False))
SUBSCRIPTIONS = _vocabulary(
    fields.SUBSCRIPTIONS,
    _SUBSCRIPTION_NAMES,
    _needs("offer", "status", "current_period_end", customer=True),
    _SUBSCRIPTION_SHAPES,
)
TRANSACTIONS = _vocabulary(
    fields.TRANSACTIONS,
    _TRANSACTION_NAMES,
    _needs("created_at", "amount", "currency", customer=True),
    _TRANSACTION_SHAPES,
)

"""A customer's billing account, as it is shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.web.describing import described, personal
from servicekit.web.masking import masked_field
from services.billing.models.accounts import Account
from services.billing.models.subscriptions import STATUSES
from services.billing.views.common import (
    CUSTOMER_ID,
    MoneyView,
    channel_field,
    moment,
    money,
    text_field,
    time_field,
)
from services.billing.views.payment_methods import PaymentMethodRef


def account_state(row: Account) -> dict[str, Any]:
    """The full public state, ready for JSON."""
    return {
        "customer_id": row.customer_id,
        "status": row.status,
        "transactions_count": row.transactions_count,
        "lifetime_value": [money(row.lifetime_value[currency], currency) for currency in sorted(row.lifetime_value)],
        "active_subscriptions": row.active_subscriptions,
        "subscription_status": row.subscription_status,
        "next_payment_at": moment(row.next_payment_at),
        "next_payment": row.next_payment,
        "last_payment_method": row.last_payment_method,
        "first_transaction_at": moment(row.first_transaction_at),
        "last_transaction_at": moment(row.last_transaction_at),
        "first_channel": row.first_channel,
        "last_channel": row.last_channel,
        "has_access": row.has_access,
        "access_until": moment(row.access_until),
        "closed_at": moment(row.closed_at),
        "version": row.version,
    }


class AccountState(Schema):
    """A customer's billing account: what was bought and paid, in figures."""

    customer_id = text_field("Whose.", CUSTOMER_ID)
    status = text_field("A closed one takes no purchases.", enum=["open", "closed"])
    transactions_count = fields.Integer(required=True, metadata=described("All of them, failed ones too.", 12))
    lifetime_value = fields.List(
        fields.Nested(MoneyView),
        required=True,
        metadata=described("What was paid less what was given back, for each currency."),
    )
    active_subscriptions = fields.Integer(required=True, metadata=described("Subscriptions that have not ended.", 1))
    subscription_status = text_field(
        "The best that a subscription of theirs has; null: never had one.", "active", null=True, enum=[*STATUSES, None]
    )
    next_payment_at = time_field("When they are charged next.", null=True)
    next_payment = fields.Nested(
        MoneyView, required=True, allow_none=True, metadata=described("And how much that will be.")
    )
    last_payment_method = fields.Nested(
        PaymentMethodRef,
        required=True,
        allow_none=True,
        metadata=personal("What the last transaction was paid with.", hidden=False),
    )
    first_transaction_at = time_field("When they first paid.", null=True)
    last_transaction_at = time_field("When they last did.", null=True)
    first_channel = channel_field("Where they first paid.", null=True)
    last_channel = channel_field("Where they last did.", null=True)
    has_access = fields.Boolean(required=True, metadata=described("Whether they may use anything now.", True))
    access_until = time_field("Until when; null: for good, or nothing.", null=True)
    closed_at = time_field("When it was closed.", null=True)
    version = fields.Integer(required=True, metadata=described("Counts every change; 0: nothing has happened yet.", 1))


class AccountView(AccountState):
    """A customer's billing account: what was bought and paid, in figures."""

    masked = masked_field()

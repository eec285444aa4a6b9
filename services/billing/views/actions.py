"""What can be done with a transaction or a subscription, and what it would bring about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from servicekit.errors import Problem
from servicekit.web.describing import described
from services.billing.money import Money
from services.billing.views.common import MoneyView, cursor_field, moment, text_field, time_field

CHOICES = ("end_access", "stop_renewals", "refund_none", "refund_full", "refund_prorated")


def consequence(
    code: str,
    text: str,
    *,
    when: str | None = None,
    amount: Money | None = None,
    at: datetime | None = None,
    subscription_id: str | None = None,
) -> dict[str, Any]:
    """One thing that an action brings about; ``when``: only if this is chosen."""
    return {
        "code": code,
        "text": text,
        "when": when,
        "amount": amount.as_json() if amount else None,
        "at": moment(at),
        "subscription_id": subscription_id,
    }


def possible_action(
    name: str,
    refusal: Problem | None,
    consequences: Sequence[dict[str, Any]] = (),
    *,
    amount: Money | None = None,
    partial_allowed: bool = False,
    defaults: dict[str, bool] | None = None,
) -> dict[str, Any]:
    """An action: allowed, or refused with the code and words with which the request itself would be."""
    return {
        "action": name,
        "allowed": refusal is None,
        "code": refusal.code if refusal else None,
        "reason": refusal.detail if refusal else None,
        "amount": amount.as_json() if amount and refusal is None else None,
        "partial_allowed": partial_allowed and refusal is None,
        "defaults": defaults if refusal is None else None,
        "consequences": list(consequences) if refusal is None else [],
    }


class ConsequenceView(Schema):
    """One thing that an action brings about."""

    code = text_field("What happens.", "access_ends")
    text = text_field("In words.", "Access to Premium, monthly ends.")
    when = text_field("Only if this is chosen; null: in any case.", null=True, enum=[*CHOICES, None])
    amount = fields.Nested(MoneyView, required=True, allow_none=True, metadata=described("The money that moves."))
    at = time_field("When, if it isn't at once.", null=True)
    subscription_id = text_field("The subscription concerned.", null=True)


class DefaultChoices(Schema):
    """What is chosen if nothing is said."""

    end_access = fields.Boolean(required=True, metadata=described("Whether access ends.", True))
    stop_renewals = fields.Boolean(required=True, metadata=described("Whether the subscription stops.", True))


class ActionView(Schema):
    """Something that can be done, or not."""

    action = text_field("What.", "refund")
    allowed = fields.Boolean(required=True, metadata=described("Whether it can be done now.", True))
    code = text_field("Why not: the code of the error that the request would get.", null=True)
    reason = text_field("Why not, in words.", null=True)
    amount = fields.Nested(
        MoneyView, required=True, allow_none=True, metadata=described("The most that is given back.")
    )
    partial_allowed = fields.Boolean(required=True, metadata=described("Whether less can be given back.", True))
    defaults = fields.Nested(
        DefaultChoices,
        required=True,
        allow_none=True,
        metadata=described("Where there is a choice: what a full refund does unless told otherwise."),
    )
    consequences = fields.List(fields.Nested(ConsequenceView), required=True)


class ActionsView(Schema):
    """What can be done: always all of it."""

    items = fields.List(fields.Nested(ActionView), required=True)
    next_cursor = cursor_field()

"""What happened to a transaction, as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described
from services.billing.views.common import MoneyView, cursor_field, moment, text_field, time_field
from services.billing.views.transactions import FailureView

HAPPENINGS = (
    "created", "imported", "succeeded", "failed", "cancelled", "refund_requested", "refunded", "refund_failed",
    "invoice_issued", "credit_note_issued", "access_extended",
)  # fmt: skip


def happening(
    kind: str,
    at: datetime,
    about: str,
    *,
    actor_id: str | None = None,
    amount: dict[str, Any] | None = None,
    refund_id: str | None = None,
    invoice_id: str | None = None,
    access_until: datetime | None = None,
    failure: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One thing that happened; ``about`` is the ID of the row that tells of it."""
    return {
        "id": f"{about}:{kind}",
        "at": rfc3339(at),
        "type": kind,
        "actor_id": actor_id,
        "amount": amount,
        "refund_id": refund_id,
        "invoice_id": invoice_id,
        "access_until": moment(access_until),
        "failure": failure,
    }


class HappeningView(Schema):
    """One thing that happened to a transaction."""

    id = text_field("What tells it apart from the others.", "txn_06h5yvkg1scm7h3b8k5rqt2xzw:created")
    at = time_field("When.")
    type = text_field("What.", enum=[*HAPPENINGS])
    actor_id = text_field("ID of the staff member or API key that wanted it; null: nobody of them.", null=True)
    amount = fields.Nested(MoneyView, required=True, allow_none=True, metadata=described("The money that it moved."))
    refund_id = text_field("The refund that it is about.", null=True)
    invoice_id = text_field("The invoice or credit note that was issued.", null=True)
    access_until = time_field("Until when access was extended.", null=True)
    failure = fields.Nested(FailureView, required=True, allow_none=True, metadata=described("Why it failed."))


class HappeningPage(Schema):
    """Some of what happened to a transaction, oldest first."""

    items = fields.List(fields.Nested(HappeningView), required=True)
    next_cursor = cursor_field()

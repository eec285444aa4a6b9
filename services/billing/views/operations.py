"""What a payment provider is still to do, as it is shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described
from services.billing.models.operations import OPEN, Operation
from services.billing.views.common import text_field, time_field


def operation_state(operation: Operation | None) -> dict[str, Any] | None:
    """An operation whose outcome isn't known yet; null for one that is done."""
    if operation is None or operation.status not in OPEN:
        return None
    return {
        "kind": operation.kind,
        "status": operation.status,
        "attempts": operation.attempts,
        "last_problem": operation.last_problem,
        "next_attempt_at": rfc3339(operation.next_attempt_at),
    }


class OperationView(Schema):
    """What a payment provider is still to do. It is tried until there is an answer."""

    kind = text_field("What.", "refund")
    status = text_field(
        "`pending`: not done as far as is known; `in_doubt`: it may be; `processing`: the provider is at it.",
        enum=[*OPEN],
    )
    attempts = fields.Integer(required=True, metadata=described("How often it was tried.", 2))
    last_problem = text_field("What went wrong the last time.", null=True)
    next_attempt_at = time_field("When it is tried again.")

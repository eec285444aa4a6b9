"""How mails, templates and settings are shown: in answers and in events."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described, personal
from servicekit.web.masking import masked_field
from services.notifications.kinds import KINDS, STATUSES
from services.notifications.models import Logo

CUSTOMER_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"
EMAIL_ID = "eml_06h5yvkg1scm7h3b8k5rqt2xzw"
_KEY_ID = "key_06h5yvkg1scm7h3b8k5rqt2xzw"


def email_state(row: Any) -> dict[str, Any]:
    """A mail's public state, ready for JSON. ``row`` is an ``Email`` or a row with its columns."""
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "kind": row.kind,
        "status": row.status,
        "subject": row.subject,
        "to": row.to_address,
        "language": row.language,
        "created_at": rfc3339(row.created_at),
        "ended_at": moment(row.ended_at),
        "attempts": row.attempts,
        "in_doubt": row.in_doubt,
        "failure_code": row.failure_code,
        "failure": row.failure,
        "resend_of": row.resend_of,
        "transaction_id": row.transaction_id,
        "subscription_id": row.subscription_id,
        "invoice_number": row.invoice_number,
        "version": row.version,
    }


def moment(value: datetime | None) -> str | None:
    """A point in time, if there is one."""
    return None if value is None else rfc3339(value)


def editor_of(row: Any) -> dict[str, Any] | None:
    """Who wrote a version of a template, or changed the settings last; None where nobody has, or it wasn't kept."""
    return None if row.editor_id is None else {"id": row.editor_id, "name": row.editor_name, "kind": row.editor_kind}


def logo_as_text(logo: Logo) -> str:
    """A picture as a data URI (RFC 2397)."""
    return f"data:{logo.media_type};base64,{base64.b64encode(logo.content).decode()}"


class EmailState(Schema):
    """A mail to a customer, without its content."""

    id = fields.String(required=True, metadata=described("Its ID.", EMAIL_ID))
    customer_id = fields.String(required=True, metadata=described("To whom.", CUSTOMER_ID))
    kind = fields.String(required=True, metadata=described("What it is about.", enum=["receipt", *KINDS]))
    status = fields.String(
        required=True,
        metadata=described("`generated_not_sent`: the publisher delivers mail itself.", enum=["sent", *STATUSES]),
    )
    subject = fields.String(
        required=True, allow_none=True, metadata=personal("Its subject; null once erased.", "Your receipt")
    )
    to = fields.String(required=True, allow_none=True, metadata=personal("Its address.", "anna@example.com"))
    language = fields.String(
        required=True, allow_none=True, metadata=personal("In which language it is.", "en", hidden=False)
    )
    created_at = fields.AwareDateTime(required=True, metadata=described("When it was written."))
    ended_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=described("When the mail server took it, when it bounced, or when it was given up; null before."),
    )
    attempts = fields.Integer(required=True, metadata=described("How often it was handed to the mail server.", 1))
    in_doubt = fields.Boolean(
        required=True,
        metadata=described("Whether an earlier try may have arrived too: the answer to it was lost.", False),
    )
    failure_code = fields.String(
        required=True, allow_none=True, metadata=described("Why it was not delivered; null where it was.")
    )
    failure = fields.String(
        required=True, allow_none=True, metadata=personal("What the mail system said.", "550 5.1.1 No such user")
    )
    resend_of = fields.String(
        required=True, allow_none=True, metadata=described("The mail that this one repeats.", EMAIL_ID)
    )
    transaction_id = fields.String(required=True, allow_none=True, metadata=described("The payment it is about."))
    subscription_id = fields.String(required=True, allow_none=True, metadata=described("The subscription."))
    invoice_number = fields.String(required=True, allow_none=True, metadata=described("The invoice."))
    version = fields.Integer(required=True, metadata=described("Counts every change.", 2))


class EmailView(EmailState):
    """A mail to a customer, without its content."""

    masked = masked_field()


class EmailDetailsView(EmailState):
    """A mail, and whether it can be sent again."""

    resendable = fields.Boolean(required=True, metadata=described("Whether it can be sent again.", True))
    resend_refusal = fields.String(
        required=True, allow_none=True, metadata=described("Why not; null where it can.", "It is still to be sent.")
    )
    attachments = fields.List(
        fields.String(), required=True, metadata=described("The names of its files.", ["invoice.pdf"])
    )
    masked = masked_field()


class EmailPage(Schema):
    """Some mails, newest first."""

    items = fields.List(fields.Nested(EmailView), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


class EditorView(Schema):
    """Who wrote a version of a template, or changed the settings."""

    id = fields.String(required=True, metadata=described("ID of the staff member or API key.", _KEY_ID))
    name = fields.String(required=True, metadata=described("Their name then.", "Nightly import"))
    kind = fields.String(required=True, metadata=described("Who.", enum=["api_key", "staff", "service"]))

"""The log of mails: list, read, preview, send again."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.ids import is_id
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from servicekit.web.presenting import require_personal
from services.notifications import queries, resending
from services.notifications.api.common import PREFIX, READ, WRITE, mail_defaults
from services.notifications.models import Email
from services.notifications.openapi import PREVIEW, PREVIEW_TEXT
from services.notifications.rendering import LOGO
from services.notifications.schemas import ListEmails, PreviewParameters
from services.notifications.views import EmailDetailsView, EmailPage, email_state, logo_as_text

blueprint = ServiceBlueprint("emails", __name__, url_prefix=f"{PREFIX}/emails", description="What customers were sent.")
PREVIEW_HEADERS = {
    # A document of nobody's: no script runs, nothing is loaded, no form leaves.
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@blueprint.get("")
@requires(READ)
@audited("notifications.email.listed")
@blueprint.arguments(ListEmails, location="query")
@blueprint.response(200, EmailPage)
@blueprint.doc(operationId="list_emails")
def get_emails(parameters: dict[str, Any]) -> Response:
    """List mails, newest first: a customer's, or all of the publisher's."""
    if is_id(parameters.get("customer_id") or "", "cus"):
        about(parameters["customer_id"])
    return json_response(queries.list_emails(current_session(), publisher_id=current_publisher_id(), wanted=parameters))


@blueprint.get("/<email_id>")
@requires(READ)
@audited("notifications.email.read", subject="email_id")
@blueprint.response(200, EmailDetailsView)
@blueprint.doc(operationId="get_email")
def get_email(email_id: str) -> Response:
    """Read what is known of a mail, and whether it can be sent again."""
    return _shown(queries.get_email(current_session(), current_publisher_id(), email_id))


@blueprint.get("/<email_id>/preview")
@requires(READ)
@audited("notifications.email.previewed", subject="email_id")
@blueprint.arguments(PreviewParameters, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/html", **PREVIEW)
@blueprint.response(200, {"type": "string"}, content_type="text/plain", **PREVIEW_TEXT)
@blueprint.doc(operationId="preview_email")
def get_preview(parameters: dict[str, Any], email_id: str) -> Response:
    """See exactly what was, or will be, sent. The answer runs no script and loads nothing.

    Needs the scope `personal:read` as well.
    """
    require_personal()
    session = current_session()
    email = queries.content_of(session, current_publisher_id(), email_id)
    if parameters["part"] == "text":
        return Response(email.text, 200, PREVIEW_HEADERS, content_type="text/plain; charset=utf-8")
    html = email.html or ""
    logo = queries.logo_of(session, email)
    if logo is not None:
        html = html.replace(f"cid:{LOGO}", logo_as_text(logo))
    return Response(html, 200, PREVIEW_HEADERS, content_type="text/html; charset=utf-8")


@blueprint.post("/<email_id>/resend")
@requires(WRITE)
@audited("notifications.email.resent", subject="email_id")
@idempotent
@blueprint.response(201, EmailDetailsView)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="resend_email")
def post_resend(email_id: str) -> Response:
    """Send a mail again, to the customer's present address. The answer is the new entry, which points to the first."""
    session = current_session()
    email = queries.get_email(session, current_publisher_id(), email_id)
    again = resending.resend_email(
        session, email, actor_id=current_caller().actor_id, defaults=mail_defaults(), now=clock.now()
    )
    return _shown(again, 201, {"Location": f"{PREFIX}/emails/{again.id}"})


def _shown(email: Email, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    about(email.customer_id)
    session = current_session()
    refused = resending.refusal(session, email)
    told = {
        **email_state(email),
        "resendable": refused is None,
        "resend_refusal": refused.detail if refused is not None else None,
        "attachments": queries.attachment_names(session, email),
    }
    return json_response(told, status, headers)

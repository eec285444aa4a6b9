"""Mail that came back, passed on by whatever receives it."""

from __future__ import annotations

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.notifications.api.common import BOUNCES, PREFIX
from services.notifications.bounces import read_report, take_report
from services.notifications.openapi import REPORT_BODY
from services.notifications.schemas import BounceView

blueprint = ServiceBlueprint("bounces", __name__, url_prefix=f"{PREFIX}/bounces", description="Mail that came back.")
_MEDIA = ("message/rfc822", "multipart/report", "application/octet-stream")


@blueprint.post("")
@requires(BOUNCES)
@audited("notifications.bounce.taken")
@idempotent
@blueprint.response(200, BounceView)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], requestBody=REPORT_BODY, operationId="take_bounce")
def post_bounce() -> Response:
    """Pass on a delivery status notification (RFC 3464) as it came. The same one again changes nothing."""
    if request.mimetype not in _MEDIA:
        raise UnsupportedMediaType("Send the message as it came, with the header Content-Type: message/rfc822.")
    report = read_report(request.get_data(cache=True))
    email = take_report(current_session(), report, publisher_id=current_publisher_id(), now=clock.now())
    if email is not None:
        about(email.customer_id)
        audit_subject(email.id)
    told = {
        "email_id": email.id if email is not None else None,
        "action": report.action,
        "status": report.status,
        "email_status": email.status if email is not None else None,
    }
    return json_response(told)

"""The emails panel: the log of what a customer was sent (E1), each mail as it was (E3), sending one again (E4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, request

from services.console import mailing
from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.signed_in import api, member
from services.console.views.billing import done, fragment, fresh_key, key, key_after, of_this
from services.console.views.customer import a_customers_own, dialog, panel

blueprint = Blueprint("emails", __name__)
EMAILS = "/v1/notifications/emails"
WRITE = "notifications:write"
PAGE_SIZE = 10
_PLACE = "/customers/<customer_id>/emails/<email_id>"
# What the API's own answer forbids the browser goes on: no script, nothing from outside. Only our pages may frame it.
_OF_PREVIEW = ("Content-Security-Policy", "Content-Type", "Referrer-Policy", "Cross-Origin-Resource-Policy")


@blueprint.get("/customers/<customer_id>/emails")
@panel
def emails(customer_id: str) -> Response:
    """The panel's inside: one page of the log."""
    chosen = {name: request.args.get(name, "") for name in ("kind", "status")}
    chosen = {name: value if value in _CHOICES[name] else "" for name, value in chosen.items()}
    trail = [cursor for cursor in request.args.getlist("trail")[-200:] if cursor]
    wanted = {name: value or None for name, value in chosen.items()}
    cursor = trail[-1] if trail else None
    page = api().get(EMAILS, customer_id=customer_id, cursor=cursor, limit=PAGE_SIZE, **wanted).body
    return fragment(
        "emails/emails.html", customer_id=customer_id, page=page, chosen=chosen, trail=trail, mailing=mailing
    )


@blueprint.get(_PLACE)
@dialog
def email(customer_id: str, email_id: str) -> Response:
    """A mail as it was sent, and what became of it."""
    return _shown(customer_id, _read(customer_id, email_id), Form(), fresh_key())


@blueprint.get(f"{_PLACE}/preview")
@a_customers_own
def preview(customer_id: str, email_id: str) -> Response:
    """The mail itself, as a document of its own for the frame in the dialog."""
    _read(customer_id, email_id)
    part = "text" if request.args.get("part") == "text" else "html"
    headers, body = api().stream(f"{EMAILS}/{email_id}/preview?part={part}")
    answer = Response(b"".join(body))
    for name in _OF_PREVIEW:
        answer.headers[name] = headers[name]
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@blueprint.post(f"{_PLACE}/resend")
@dialog
def resend(customer_id: str, email_id: str) -> Response:
    """Send it again, to the customer's present address."""
    if not member().may(WRITE):
        abort(403)
    mail = _read(customer_id, email_id)
    try:
        api().send("POST", f"{EMAILS}/{email_id}/resend", headers={"Idempotency-Key": key()})
    except ApiProblem as problem:
        if problem.status != 409:
            raise
        return _shown(customer_id, mail, Form(message=problem.detail), key_after(problem))
    return done("It is being sent again.")


def _shown(customer_id: str, mail: Mapping[str, Any], form: Form, fresh: str) -> Response:
    return fragment(
        "emails/email.html",
        customer_id=customer_id,
        mail=mail,
        form=form,
        key=fresh,
        mailing=mailing,
        may_resend=member().may(WRITE),
        may_see=member().may("personal:read"),
    )


def _read(customer_id: str, email_id: str) -> Mapping[str, Any]:
    """A mail of this customer's. Raises ApiProblem, NotFound."""
    return of_this(customer_id, api().get(f"{EMAILS}/{email_id}").body)


_CHOICES: Mapping[str, Mapping[str, Any]] = {"kind": mailing.KINDS, "status": mailing.STATUSES}

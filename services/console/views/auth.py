"""Signing in and out, and one's own password."""

from __future__ import annotations

import re
from contextlib import suppress

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from services.console.clients import ApiProblem
from services.console.protection import FIRST, forget_forms, safe_next
from services.console.signed_in import (
    api,
    ask_anew,
    drop_session,
    gateway,
    keep_session,
    member,
    open_to_all,
    sent_secret,
)
from services.console.views.pages import lead_to

blueprint = Blueprint("auth", __name__)
# In a header that is sent on.
_NOT_ASCII = re.compile(r"[^ -~]")
# Said to whoever tries to sign in; anything else is the server's trouble.
_THEIRS = (401, 422, 429)


@blueprint.get("/sign-in")
@open_to_all
def sign_in() -> Response:
    """The sign-in page."""
    next_address = safe_next(request.args.get("next"))
    return _page(next_address=next_address, again=next_address != FIRST)


@blueprint.post("/sign-in")
@open_to_all
def post_sign_in() -> Response:
    """Begin a session; one that was there before ends."""
    email, next_address = request.form.get("email", "").strip(), safe_next(request.form.get("next"))
    try:
        answer = gateway().sign_in(
            email=email,
            password=request.form.get("password", ""),
            address=request.headers.get("X-Forwarded-For") or request.remote_addr or "",
            user_agent=_NOT_ASCII.sub("?", request.headers.get("User-Agent", "")[:300]),
        )
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _refused(problem, email, next_address)
    _end(sent_secret())
    forget_forms()
    response = make_response(redirect(next_address, 303))
    keep_session(response, answer.body["access_token"], seconds=int(answer.body["expires_in"]))
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    with suppress(ApiProblem):
        api().delete("/v1/identity/token")
    forget_forms()
    response = make_response(redirect("/console/sign-in", 303))
    drop_session(response)
    return response


@blueprint.get("/password")
def password() -> Response:
    """Where one changes one's password."""
    return make_response(render_template("password.html", errors={}, next_address=safe_next(request.args.get("next"))))


@blueprint.post("/password")
def post_password() -> Response:
    """Change it; one's other sessions end."""
    next_address = safe_next(request.form.get("next"))
    new, repeated = request.form.get("new_password", ""), request.form.get("repeated_password", "")
    errors: dict[str, str] = {}
    status, message = 422, ""
    if new != repeated:
        errors = {"/repeated_password": "Not the same as above."}
    else:
        try:
            body = {"current_password": request.form.get("current_password", ""), "new_password": new}
            api().post("/v1/identity/me/password", body)
        except ApiProblem as problem:
            if problem.status not in (409, 422, 429):
                raise
            errors, status = problem.errors, problem.status
            message = "" if errors else problem.detail
    if errors or message:
        page = render_template("password.html", errors=errors, message=message, next_address=next_address)
        return make_response(page, status)
    response = make_response(redirect(next_address, 303))
    ask_anew(response)
    return response


def require_new_password() -> Response | None:
    """Before each request: whoever has a temporary password can only change it or leave."""
    if "api" not in g or request.endpoint in ("auth.password", "auth.post_password", "auth.sign_out"):
        return None
    return lead_to("/console/password") if member().password_change_required else None


def _refused(problem: ApiProblem, email: str, next_address: str) -> Response:
    message = problem.detail if problem.status in (401, 429) else "Enter your email address and your password."
    response = _page(next_address=next_address, email=email, message=message)
    response.status_code = problem.status
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def _page(*, next_address: str, email: str = "", message: str = "", again: bool = False) -> Response:
    return make_response(
        render_template("sign_in.html", next_address=next_address, email=email, message=message, again=again)
    )


def _end(secret: str | None) -> None:
    """The session that this browser had before, so that it can't go on unseen."""
    if secret is not None:
        with suppress(ApiProblem):
            gateway().api(secret).delete("/v1/identity/token")

"""Signing in and out."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request

from services.console.clients import ApiProblem
from services.console.protection import FIRST, forget_forms, safe_next
from services.console.signed_in import (
    COOKIE,
    api,
    came_by_https,
    drop_session,
    gateway,
    keep_session,
    open_to_all,
)

blueprint = Blueprint("auth", __name__)
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
    email, password = request.form.get("email", ""), request.form.get("password", "")
    next_address = safe_next(request.form.get("next"))
    try:
        answer = gateway().api(None).post("/v1/identity/token", {"email": email.strip(), "password": password})
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _refused(problem, email, next_address)
    _end(request.cookies.get(COOKIE))
    forget_forms()
    response = make_response(redirect(next_address, 303))
    keep_session(
        response, answer.body["access_token"], secure=_secure_cookies(), seconds=int(answer.body["expires_in"])
    )
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    with suppress(ApiProblem):
        api().delete("/v1/identity/token")
    forget_forms()
    response = make_response(redirect("/console/sign-in", 303))
    drop_session(response, secure=_secure_cookies())
    return response


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
    if secret:
        with suppress(ApiProblem):
            gateway().api(secret).delete("/v1/identity/token")


def _secure_cookies() -> bool:
    return bool(current_app.config["CONSOLE_SECURE_COOKIES"]) or came_by_https()

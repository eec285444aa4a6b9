"""Where one is signed in."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem
from services.console.signed_in import api

PATH = "/v1/identity/me/sessions"
# The first that is named counts: most browsers name others as well.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_SESSION_ID = re.compile(r"[a-z]{2,5}_[a-z0-9]{10,40}\Z")

blueprint = Blueprint("sessions", __name__)


@blueprint.get("/settings/sessions")
def session_list() -> Response:
    """One's sessions, newest first."""
    page = api().get(PATH, cursor=request.args.get("cursor"), limit=50).body
    return make_response(render_template("settings/sessions.html", page=page, browser=browser))


@blueprint.post("/settings/sessions/<session_id>/end")
def end(session_id: str) -> Response:
    """End one of them; one that has ended already is as good."""
    if not _SESSION_ID.match(session_id):
        abort(404)
    try:
        api().delete(f"{PATH}/{session_id}")
    except ApiProblem as problem:
        if problem.status != 404:
            raise
    return make_response(redirect(url_for("sessions.session_list"), 303))


@blueprint.post("/settings/sessions/end-others")
def end_others() -> Response:
    """End all but this one."""
    api().delete(PATH)
    return make_response(redirect(url_for("sessions.session_list"), 303))


def browser(user_agent: str | None) -> str:
    """A browser and its system, as people call them; what it calls itself if it is no browser that is known."""
    said = user_agent or ""
    name = next((name for mark, name in _BROWSERS if mark in said), None)
    system = next((name for mark, name in _SYSTEMS if mark in said), None)
    if name is None:
        return said[:60] or "Unknown"
    return f"{name} on {system}" if system else name

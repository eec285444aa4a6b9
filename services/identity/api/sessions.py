"""The sessions of whoever sent the request."""

from __future__ import annotations

from typing import Any, cast

from flask import Response

from servicekit import clock
from servicekit.web.access import signed_in
from servicekit.web.auditing import audited
from servicekit.web.context import current_session, kit
from servicekit.web.json_body import json_response
from services.identity import actions
from services.identity.api.blueprint import blueprint, staff_caller
from services.identity.queries.sessions import list_own_sessions
from services.identity.schemas.common import Page
from services.identity.schemas.sessions import OwnSessionPage
from services.identity.settings import Settings


@blueprint.get("/me/sessions")
@signed_in()
@blueprint.arguments(Page, location="query")
@blueprint.response(200, OwnSessionPage)
@blueprint.doc(operationId="list_own_sessions")
def get_my_sessions(parameters: dict[str, Any]) -> Response:
    """List where one is signed in, newest first. For staff."""
    page = list_own_sessions(
        current_session(),
        staff_caller(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
        idle=cast("Settings", kit().extras["settings"]).session_idle,
        now=clock.now(),
    )
    return json_response(page)


@blueprint.delete("/me/sessions/<session_id>")
@signed_in()
@audited("identity.session.ended", subject="session_id")
@blueprint.response(204)
@blueprint.doc(operationId="end_own_session")
def delete_my_session(session_id: str) -> Response:
    """End one of one's own sessions; it stops working within 60 seconds. For staff."""
    actions.end_own_session(current_session(), staff_caller(), session_id=session_id)
    return Response(status=204)


@blueprint.delete("/me/sessions")
@signed_in()
@audited("identity.session.others_ended")
@blueprint.response(204)
@blueprint.doc(operationId="end_other_sessions")
def delete_my_other_sessions() -> Response:
    """End all of one's own sessions but this one; they stop working within 60 seconds. For staff."""
    caller = staff_caller()
    actions.end_sessions(
        current_session(), publisher_id=str(caller.publisher_id), staff_id=caller.actor_id, but=caller.session_id
    )
    return Response(status=204)

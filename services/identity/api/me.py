"""Whoever sent the request."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, request

from servicekit import clock
from servicekit.etag import etag
from servicekit.web.access import signed_in
from servicekit.web.auditing import audit_subject, audited, not_audited
from servicekit.web.context import current_caller, current_publisher_id, current_session, kit
from servicekit.web.etag import if_match
from servicekit.web.json_body import json_response
from services.identity import actions
from services.identity.api.blueprint import blueprint, staff_caller
from services.identity.openapi import IF_MATCH_OPTIONAL, WITH_ETAG
from services.identity.own_password import OwnPassword
from services.identity.queries import staff
from services.identity.queries.preferences import get_preferences
from services.identity.schemas.me import ChangePassword, MeView, Preferences, PreferencesView


@blueprint.get("/me")
@signed_in()
@blueprint.response(200, MeView)
@blueprint.doc(operationId="get_me")
def get_me() -> Response:
    """Read who one is and what one may do. Any valid credential may, whatever its scopes."""
    return json_response(staff.get_me(current_session(), current_caller()))


@blueprint.get("/me/preferences")
@signed_in()
@blueprint.response(200, PreferencesView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_preferences")
def get_my_preferences() -> Response:
    """Read how one likes things shown. For staff; an API key gets a 403."""
    document, version = get_preferences(
        current_session(), publisher_id=current_publisher_id(), staff_id=staff_caller().actor_id
    )
    return json_response(document, headers={"ETag": etag(version)})


@blueprint.put("/me/preferences")
@signed_in()
@not_audited("how one likes things shown is nobody else's business")
@blueprint.arguments(Preferences)
@blueprint.response(200, PreferencesView, headers=WITH_ETAG)
@blueprint.doc(operationId="set_preferences", parameters=[IF_MATCH_OPTIONAL])
def put_my_preferences(body: dict[str, Any]) -> Response:
    """Set how one likes things shown, all of it: what is absent is as it was at first. For staff.

    Without `If-Match` the last one to write wins.
    """
    document, version = actions.set_preferences(
        current_session(),
        publisher_id=current_publisher_id(),
        staff_id=staff_caller().actor_id,
        document=body,
        expected_version=if_match() if "If-Match" in request.headers else None,
        now=clock.now(),
    )
    return json_response(document, headers={"ETag": etag(version)})


@blueprint.post("/me/password")
@signed_in()
@audited("identity.password.changed")
@blueprint.arguments(ChangePassword)
@blueprint.response(204)
@blueprint.doc(operationId="change_password")
def post_my_password(body: dict[str, Any]) -> Response:
    """Change one's password. One's other sessions end, this one goes on. For staff.

    Ten tries of the present one in 15 minutes are answered, further ones get a 429.
    """
    audit_subject(current_caller().actor_id)
    own_password = cast("OwnPassword", kit().extras["own_password"])
    own_password.change(current_caller(), current=body["current_password"], new=body["new_password"], now=clock.now())
    return Response(status=204)

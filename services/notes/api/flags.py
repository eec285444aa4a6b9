"""The publisher's flags: which there are, what they are called, their colors."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited, not_audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, IF_MATCH, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.notes import flagging
from services.notes.schemas import AddFlag, EditFlag
from services.notes.views import FlagList, FlagView, flag_state

blueprint = ServiceBlueprint(
    "flags", __name__, url_prefix="/v1/notes/flags", description="The flags that a publisher's staff can set."
)


@blueprint.get("")
@requires("notes:read")
@not_audited("tells nothing of anybody: which flags there are")
@blueprint.response(200, FlagList)
@blueprint.doc(operationId="list_flags")
def get_flags() -> Response:
    """List the publisher's flags, retired ones too."""
    flags = flagging.list_flags(current_session(), current_publisher_id())
    return json_response({"items": [flag_state(flag) for flag in flags], "next_cursor": None})


@blueprint.post("")
@requires("notes:manage")
@audited("notes.flag.added")
@idempotent
@blueprint.arguments(AddFlag)
@blueprint.response(201, FlagView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="add_flag")
def post_flag(body: dict[str, Any]) -> Response:
    """Define a flag of the publisher's own."""
    flag = flagging.add_flag(
        current_session(),
        publisher_id=current_publisher_id(),
        key=body.get("key"),
        name=body["name"],
        color=body["color"],
        now=clock.now(),
    )
    audit_subject(flag.key)
    headers = {"ETag": etag(flag.version), "Location": "/v1/notes/flags"}
    return json_response(flag_state(flag), 201, headers)


@blueprint.patch("/<key>")
@requires("notes:manage")
@audited("notes.flag.edited", subject="key")
@blueprint.arguments(EditFlag)
@blueprint.response(200, FlagView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_flag")
def patch_flag(body: dict[str, Any], key: str) -> Response:
    """Rename, recolor, retire or bring back a flag. What it is found by, its key, stays."""
    flag = flagging.edit_flag(
        current_session(),
        publisher_id=current_publisher_id(),
        key=key,
        name=body.get("name"),
        color=body.get("color"),
        retired=body.get("retired"),
        expected_version=if_match(),
        now=clock.now(),
    )
    return json_response(flag_state(flag), 200, {"ETag": etag(flag.version)})


@blueprint.delete("/<key>")
@requires("notes:manage")
@audited("notes.flag.deleted", subject="key")
@blueprint.response(204)
@blueprint.doc(operationId="delete_flag")
def delete_flag(key: str) -> Response:
    """Take away a flag of the publisher's own that was never set. One that was can be retired."""
    flagging.delete_flag(current_session(), publisher_id=current_publisher_id(), key=key)
    return Response(status=204)

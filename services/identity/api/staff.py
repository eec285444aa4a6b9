"""Managing staff."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.etag import etag
from servicekit.kept_answers import forget_old_answers
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.context import current_caller, current_publisher_id, current_session
from servicekit.web.etag import if_match
from servicekit.web.idempotency import idempotent, keep_instead
from servicekit.web.json_body import json_response
from services.identity import actions
from services.identity.api.blueprint import blueprint
from services.identity.models import Staff
from services.identity.openapi import IDEMPOTENCY_KEY, IF_MATCH, WITH_ETAG
from services.identity.queries.staff import get_staff as read_staff
from services.identity.queries.staff import list_staff, staff_state
from services.identity.schemas.common import Page
from services.identity.schemas.staff import AddStaff, EditStaff, NewStaffView, StaffPage, StaffView


@blueprint.get("/staff")
@requires("identity:manage")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, StaffPage)
@blueprint.doc(operationId="list_staff")
def get_staff(parameters: dict[str, Any]) -> Response:
    """List staff in the order they were added, disabled ones too."""
    page = list_staff(
        current_session(),
        publisher_id=current_publisher_id(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)


@blueprint.post("/staff")
@requires("identity:manage")
@audited("identity.staff.created")
@idempotent
@blueprint.arguments(AddStaff)
@blueprint.response(201, NewStaffView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="add_staff")
def post_staff(body: dict[str, Any]) -> Response:
    """Add a staff member, with a temporary password that is in this answer and nowhere else.

    An API key can give only roles of whose scopes it has all.
    """
    now = clock.now()
    forget_old_answers(current_session(), publisher_id=current_publisher_id(), now=now)
    member, password = actions.add_staff(
        current_session(), actor=current_caller(), publisher_id=current_publisher_id(), now=now, **body
    )
    audit_subject(member.id)
    return _shown_once(member, password, status=201)


@blueprint.get("/staff/<staff_id>")
@requires("identity:manage")
@blueprint.response(200, StaffView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_staff")
def get_staff_member(staff_id: str) -> Response:
    """Read a staff member."""
    member = read_staff(current_session(), publisher_id=current_publisher_id(), staff_id=staff_id)
    return json_response(staff_state(member), headers={"ETag": etag(member.version)})


@blueprint.patch("/staff/<staff_id>")
@requires("identity:manage")
@audited("identity.staff.edited", subject="staff_id")
@blueprint.arguments(EditStaff)
@blueprint.response(200, StaffView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_staff")
def patch_staff_member(body: dict[str, Any], staff_id: str) -> Response:
    """Edit a staff member: name, role, whether they are disabled. What is absent stays.

    It has effect within 60 seconds. Only the owner edits the owner, and nobody their own role or status.
    """
    member = actions.edit_staff(
        current_session(),
        actor=current_caller(),
        publisher_id=current_publisher_id(),
        staff_id=staff_id,
        data=body,
        expected_version=if_match(),
        now=clock.now(),
    )
    return json_response(staff_state(member), headers={"ETag": etag(member.version)})


@blueprint.post("/staff/<staff_id>/reset_password")
@requires("identity:manage")
@audited("identity.password.reset", subject="staff_id")
@idempotent
@blueprint.response(200, NewStaffView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="reset_staff_password")
def post_reset_password(staff_id: str) -> Response:
    """Give a staff member a new temporary password, in this answer and nowhere else. All their sessions end."""
    forget_old_answers(current_session(), publisher_id=current_publisher_id(), now=clock.now())
    member, password = actions.reset_password(
        current_session(), actor=current_caller(), publisher_id=current_publisher_id(), staff_id=staff_id
    )
    return _shown_once(member, password)


def _shown_once(member: Staff, password: str, status: int = 200) -> Response:
    state = staff_state(member)
    keep_instead({**state, "temporary_password": None})
    return json_response({**state, "temporary_password": password}, status, {"ETag": etag(member.version)})

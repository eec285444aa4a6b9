"""The publisher."""

from __future__ import annotations

from typing import Any, cast

from flask import Response

from servicekit import clock
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.context import current_caller, current_publisher_id, current_session, kit
from servicekit.web.etag import if_match
from servicekit.web.json_body import json_response
from services.identity import actions
from services.identity.api.blueprint import blueprint
from services.identity.errors import OwnerOnly
from services.identity.models import Publisher
from services.identity.openapi import IF_MATCH, WITH_ETAG
from services.identity.own_password import OwnPassword
from services.identity.queries import publishers
from services.identity.queries.staff import staff_state
from services.identity.roles import OWNER
from services.identity.schemas.publishers import EditPublisher, PublisherView
from services.identity.schemas.staff import StaffView, TransferOwnership


@blueprint.get("/publisher")
@requires("identity:read")
@blueprint.response(200, PublisherView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_publisher")
def get_publisher() -> Response:
    """Read one's publisher and its settings."""
    return _shown(publishers.get_publisher(current_session(), current_publisher_id()))


@blueprint.patch("/publisher")
@requires("identity:manage")
@audited("identity.publisher.edited")
@blueprint.arguments(EditPublisher)
@blueprint.response(200, PublisherView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_publisher")
def patch_publisher(body: dict[str, Any]) -> Response:
    """Change the publisher's settings. What is absent stays, null clears."""
    actions.begin_managing(current_session(), current_caller(), current_publisher_id())
    publisher = actions.edit_publisher(
        current_session(), publisher_id=current_publisher_id(), data=body, expected_version=if_match()
    )
    return _shown(publisher)


@blueprint.post("/publisher/transfer_ownership")
@requires("identity:manage")
@audited("identity.ownership.transferred")
@blueprint.arguments(TransferOwnership)
@blueprint.response(200, StaffView, headers=WITH_ETAG)
@blueprint.doc(operationId="transfer_ownership")
def post_transfer_ownership(body: dict[str, Any]) -> Response:
    """Make another staff member the owner, and oneself an admin. Only the owner can, with their password.

    The new owner must have set a password of their own. Both have their new rights within 60 seconds.
    """
    caller, now = current_caller(), clock.now()
    if caller.role != OWNER:
        raise OwnerOnly
    own_password = cast("OwnPassword", kit().extras["own_password"])
    confirmed = own_password.confirm(caller, password=body["password"], where="/password", now=now)
    heir = actions.transfer_ownership(
        current_session(),
        actor=caller,
        publisher_id=current_publisher_id(),
        staff_id=body["staff_id"],
        password_hash=confirmed,
    )
    audit_subject(heir.id)
    return json_response(staff_state(heir), headers={"ETag": etag(heir.version)})


def _shown(publisher: Publisher) -> Response:
    return json_response(publishers.publisher_state(publisher), headers={"ETag": etag(publisher.version)})

"""API keys."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.kept_answers import forget_old_answers
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.context import current_caller, current_publisher_id, current_session
from servicekit.web.idempotency import idempotent, keep_instead
from servicekit.web.json_body import json_response
from services.identity import actions
from services.identity.api.blueprint import blueprint
from services.identity.openapi import IDEMPOTENCY_KEY
from services.identity.queries.api_keys import api_key_state, list_api_keys
from services.identity.schemas.api_keys import ApiKeyPage, CreateApiKey, NewApiKeyView
from services.identity.schemas.common import Page


@blueprint.get("/api_keys")
@requires("identity:manage")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ApiKeyPage)
@blueprint.doc(operationId="list_api_keys")
def get_api_keys(parameters: dict[str, Any]) -> Response:
    """List API keys, newest first."""
    page = list_api_keys(
        current_session(),
        publisher_id=current_publisher_id(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)


@blueprint.post("/api_keys")
@requires("identity:manage")
@audited("identity.api_key.created")
@idempotent
@blueprint.arguments(CreateApiKey)
@blueprint.response(201, NewApiKeyView)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="create_api_key")
def post_api_key(body: dict[str, Any]) -> Response:
    """Make an API key. Its secret is in this answer and nowhere else."""
    caller = current_caller()
    actions.begin_managing(current_session(), caller, current_publisher_id())
    forget_old_answers(current_session(), publisher_id=current_publisher_id(), now=clock.now())
    key, secret = actions.create_api_key(
        current_session(),
        publisher_id=current_publisher_id(),
        name=body["name"],
        scopes=body.get("scopes") or caller.scopes - {"identity:manage"},
        grantable=caller.scopes,
        created_by=caller.actor_id,
        now=clock.now(),
    )
    audit_subject(key.id)
    state = api_key_state(key)
    keep_instead({**state, "secret": None})
    return json_response({**state, "secret": secret}, 201)


@blueprint.delete("/api_keys/<key_id>")
@requires("identity:manage")
@audited("identity.api_key.revoked", subject="key_id")
@blueprint.response(204)
@blueprint.doc(operationId="revoke_api_key")
def delete_api_key(key_id: str) -> Response:
    """Revoke an API key.

    It stops working within 60 seconds: a gateway may let through for so long what it has checked before.
    """
    actions.revoke_api_key(current_session(), publisher_id=current_publisher_id(), key_id=key_id, now=clock.now())
    return Response(status=204)

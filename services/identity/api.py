"""The service's addresses: parse, call one action or query, present."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, request

from servicekit import clock
from servicekit.kept_answers import forget_old_answers
from servicekit.web.access import bearer_token, public, requires, signed_in
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_caller, current_publisher_id, current_session, kit
from servicekit.web.idempotency import idempotent, keep_instead
from servicekit.web.json_body import json_response
from services.identity import actions, queries
from services.identity.openapi import IDEMPOTENCY_KEY
from services.identity.schemas import (
    ApiKeyPage,
    CreateApiKey,
    JwksView,
    MeView,
    NewApiKeyView,
    Page,
    PublisherView,
    SessionView,
    SignInRequest,
)
from services.identity.settings import Settings
from services.identity.sign_in import SignIn
from services.identity.signer import Signer

blueprint = ServiceBlueprint("identity", __name__, url_prefix="/v1/identity", description="Sign-in and API keys.")


@blueprint.post("/token")
@public()
@blueprint.arguments(SignInRequest)
@blueprint.response(200, SessionView)
@blueprint.doc(operationId="sign_in", security=[])
def post_token(body: dict[str, Any]) -> Response:
    """Sign in with email address and password."""
    secret = _sign_in().sign_in(
        email=body["email"], password=body["password"], address=_client_address(), now=clock.now()
    )
    settings = cast("Settings", kit().extras["settings"])
    lifetime = int(settings.session_lifetime.total_seconds())
    return json_response({"access_token": secret, "token_type": "Bearer", "expires_in": lifetime})


@blueprint.delete("/token")
@public()
@blueprint.response(204)
@blueprint.doc(operationId="sign_out")
def delete_token() -> Response:
    """Sign out: the session sent as Bearer token ends.

    It stops working within 60 seconds: a gateway may let through for so long what it has checked before. Of a session
    that has ended already the answer is the same. An API key has no session to end: that is a 409.
    """
    _sign_in().sign_out(bearer_token())
    return Response(status=204)


@blueprint.get("/jwks.json")
@public()
@blueprint.response(200, JwksView)
@blueprint.doc(operationId="get_jwks", security=[])
def get_jwks() -> Response:
    """Read the public keys that signed tokens are checked with."""
    signer = cast("Signer", kit().extras["signer"])
    return json_response(signer.jwks(), headers={"Cache-Control": "public, max-age=60"})


@blueprint.get("/me")
@signed_in()
@blueprint.response(200, MeView)
@blueprint.doc(operationId="get_me")
def get_me() -> Response:
    """Read who one is and what one may do. Any valid credential may, whatever its scopes."""
    caller = current_caller()
    return json_response(
        {
            "id": caller.actor_id,
            "kind": caller.kind,
            "name": caller.name,
            "role": caller.role,
            "publisher_id": current_publisher_id(),
            "scopes": sorted(caller.scopes),
        }
    )


@blueprint.get("/publisher")
@requires("identity:read")
@blueprint.response(200, PublisherView)
@blueprint.doc(operationId="get_publisher")
def get_publisher() -> Response:
    """Read one's publisher."""
    return json_response(queries.get_publisher(current_session(), current_publisher_id()))


@blueprint.get("/api_keys")
@requires("identity:manage")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ApiKeyPage)
@blueprint.doc(operationId="list_api_keys")
def get_api_keys(parameters: dict[str, Any]) -> Response:
    """List API keys, newest first."""
    page = queries.list_api_keys(
        current_session(),
        publisher_id=current_publisher_id(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)


@blueprint.post("/api_keys")
@requires("identity:manage")
@idempotent
@blueprint.arguments(CreateApiKey)
@blueprint.response(201, NewApiKeyView)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="create_api_key")
def post_api_key(body: dict[str, Any]) -> Response:
    """Make an API key. Its secret is in this answer and nowhere else."""
    caller = current_caller()
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
    state = queries.api_key_state(key)
    keep_instead({**state, "secret": None})
    return json_response({**state, "secret": secret}, 201)


@blueprint.delete("/api_keys/<key_id>")
@requires("identity:manage")
@blueprint.response(204)
@blueprint.doc(operationId="revoke_api_key")
def delete_api_key(key_id: str) -> Response:
    """Revoke an API key.

    It stops working within 60 seconds: a gateway may let through for so long what it has checked before.
    """
    actions.revoke_api_key(current_session(), publisher_id=current_publisher_id(), key_id=key_id, now=clock.now())
    return Response(status=204)


def _sign_in() -> SignIn:
    return cast("SignIn", kit().extras["sign_in"])


def _client_address() -> str:
    """Where the request came from, as the gateway (which replaces what the client sends) says."""
    return (request.headers.get("X-Forwarded-For") or request.remote_addr or "")[:64]

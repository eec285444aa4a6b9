"""Signing in and out, and the public keys."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, g, request

from servicekit import clock
from servicekit.web.access import bearer_token, public
from servicekit.web.auditing import not_audited
from servicekit.web.context import kit
from servicekit.web.json_body import json_response
from services.identity.api.blueprint import blueprint
from services.identity.schemas.tokens import JwksView, SessionView, SignInRequest
from services.identity.settings import Settings
from services.identity.sign_in import SignIn
from services.identity.signer import Signer


@blueprint.post("/token")
@public()
@not_audited("signing in writes it itself, in the transaction in which the session begins")
@blueprint.arguments(SignInRequest)
@blueprint.response(200, SessionView)
@blueprint.doc(operationId="sign_in", security=[])
def post_token(body: dict[str, Any]) -> Response:
    """Sign in with email address and password."""
    secret = _sign_in().sign_in(
        email=body["email"],
        password=body["password"],
        address=_client_address(),
        now=clock.now(),
        user_agent=request.headers.get("User-Agent"),
        request_id=g.request_id,
    )
    settings = cast("Settings", kit().extras["settings"])
    lifetime = int(settings.session_lifetime.total_seconds())
    return json_response({"access_token": secret, "token_type": "Bearer", "expires_in": lifetime})


@blueprint.delete("/token")
@public()
@not_audited("signing out writes it itself, in the transaction in which the session ends")
@blueprint.response(204)
@blueprint.doc(operationId="sign_out")
def delete_token() -> Response:
    """Sign out: the session sent as Bearer token ends.

    It stops working within 60 seconds: a gateway may let through for so long what it has checked before. Of a session
    that has ended already the answer is the same. An API key has no session to end: that is a 409.
    """
    _sign_in().sign_out(bearer_token(), now=clock.now(), request_id=g.request_id)
    return Response(status=204)


@blueprint.get("/jwks.json")
@public()
@blueprint.response(200, JwksView)
@blueprint.doc(operationId="get_jwks", security=[])
def get_jwks() -> Response:
    """Read the public keys that signed tokens are checked with."""
    signer = cast("Signer", kit().extras["signer"])
    return json_response(signer.jwks(), headers={"Cache-Control": "public, max-age=60"})


def _sign_in() -> SignIn:
    return cast("SignIn", kit().extras["sign_in"])


def _client_address() -> str:
    """Where the request came from, as the gateway (which replaces what the client sends) says."""
    return (request.headers.get("X-Forwarded-For") or request.remote_addr or "")[:64]

"""Addresses for the gateway and our own services only; the gateway does not lead here."""

from __future__ import annotations

import hmac
from typing import Any, cast

from flask import Response

from servicekit.web.access import bearer_token, public, requires
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_session, kit
from servicekit.web.json_body import json_response
from services.identity.credentials import digest
from services.identity.errors import NotGranted, WrongServiceCredentials
from services.identity.exchange import Exchanger
from services.identity.queries.staff import staff_by_emails
from services.identity.schemas.staff import StaffLookup
from services.identity.schemas.tokens import ServiceTokenRequest
from services.identity.settings import Settings
from services.identity.signer import Signer

# What the gateway takes the token from.
TOKEN_HEADER = "X-Internal-Token"  # noqa: S105 (a header's name)
# By this it knows that it shouldn't give the token out again.
NOT_KEPT_HEADER = "X-Token-Not-Kept"

blueprint = ServiceBlueprint("internal", __name__, url_prefix="/internal", description="For our own services.")


@blueprint.get("/exchange")
@public()
@blueprint.response(204)
def get_exchange() -> Response:
    """Exchange the API key or session sent as Bearer token for a signed token, in the header X-Internal-Token."""
    exchanged = cast("Exchanger", kit().extras["exchange"]).exchange(bearer_token())
    headers = {TOKEN_HEADER: exchanged.token}
    if not exchanged.kept:
        headers[NOT_KEPT_HEADER] = "1"
    return Response(status=204, headers=headers)


@blueprint.post("/service_token")
@public()
@blueprint.arguments(ServiceTokenRequest)
def post_service_token(body: dict[str, Any]) -> Response:
    """A token by which one of our services calls another (in the manner of RFC 6749, section 4.4)."""
    settings, signer = cast("Settings", kit().extras["settings"]), cast("Signer", kit().extras["signer"])
    client = settings.service_clients.get(body["client_id"])
    given = digest(body["client_secret"])
    if client is None or not hmac.compare_digest(client.secret_sha256, given):
        raise WrongServiceCredentials
    scopes = client.grants.get(body["audience"])
    if scopes is None:
        raise NotGranted(body["audience"])
    seconds = settings.service_token_seconds
    token = signer.service_token(body["client_id"], audience=body["audience"], scopes=scopes, seconds=seconds)
    return json_response({"access_token": token, "token_type": "Bearer", "expires_in": seconds})


@blueprint.post("/staff")
@requires("identity:staff", as_system=True)
@blueprint.arguments(StaffLookup)
def post_staff(body: dict[str, Any]) -> Response:
    """Who of a publisher's staff, disabled ones too, has one of these addresses."""
    return json_response({"items": staff_by_emails(current_session(), **body)})

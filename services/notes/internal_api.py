"""Addresses for our own services only; the gateway does not lead here."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from servicekit.web.access import requires
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_session
from services.notes import queries

blueprint = ServiceBlueprint("internal", __name__, url_prefix="/internal", description="For our own services.")


class FeedParameters(Schema):
    """Where to go on, and how far."""

    cursor = fields.String(validate=validate.Length(max=500))
    limit = fields.Integer(load_default=500, validate=validate.Range(1, 2000))


@blueprint.get("/feed/summaries")
@requires("notes:feed", as_system=True)
@blueprint.arguments(FeedParameters, location="query")
def get_feed(parameters: dict[str, Any]) -> Response:
    """What is told of every publisher's customers, page by page."""
    page = queries.summaries_feed(current_session(), cursor=parameters.get("cursor"), limit=parameters["limit"])
    return Response(page.to_json(), content_type="application/json")

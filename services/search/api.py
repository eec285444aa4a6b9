"""The service's addresses: parse, search, present."""

from __future__ import annotations

from typing import Any, cast

from flask import Response

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.auditing import not_audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_caller, current_publisher_id, kit
from servicekit.web.json_body import json_response
from services.search.engine.port import Engine
from services.search.finding import Asked, find_customers
from services.search.overlay import Waiting
from services.search.schemas.asking import SearchParameters, SearchQuery, SuggestionParameters
from services.search.schemas.found import SearchPage, Suggestions
from services.search.sections import SHOWN_FIELDS
from services.search.suggesting import suggest

# An entry a key while somebody types, without what they typed, would tell nothing, and make a search wait for a disk.
_SEARCHING = "what is opened of what was found is in the log, as it is opened"

blueprint = ServiceBlueprint("search", __name__, url_prefix="/v1/search", description="Finding customers.")


@blueprint.get("/customers")
@requires("search:read")
@not_audited(_SEARCHING)
@blueprint.arguments(SearchParameters, location="query")
@blueprint.response(200, SearchPage)
@blueprint.doc(operationId="search_customers")
def get_customers(parameters: dict[str, Any]) -> Response:
    """Find customers by whatever they can tell."""
    return _found(parameters)


@blueprint.post("/customers/query")
@requires("search:read")
@not_audited(_SEARCHING)
@blueprint.arguments(SearchQuery)
@blueprint.response(200, SearchPage)
@blueprint.doc(operationId="query_customers")
def post_customers_query(body: dict[str, Any]) -> Response:
    """Find customers; the same with what is searched for in the body, so that no log on the way holds it."""
    return _found(body)


@blueprint.get("/suggestions")
@requires("search:read")
@not_audited(_SEARCHING)
@blueprint.arguments(SuggestionParameters, location="query")
@blueprint.response(200, Suggestions)
@blueprint.doc(operationId="suggest")
def get_suggestions(parameters: dict[str, Any]) -> Response:
    """Suggest what may be meant by what has been typed so far."""
    asked = Asked(
        publisher_id=current_publisher_id(),
        personal=current_caller().sees_personal,
        q=parameters["q"],
        limit=parameters["limit"],
        now=clock.now(),
    )
    return json_response({"suggestions": suggest(kit().database, _engine(), _waiting(), asked)})


def _engine() -> Engine:
    return cast("Engine", kit().extras["engine"])


def _waiting() -> Waiting:
    return cast("Waiting", kit().extras["waiting"])


def _found(asked: dict[str, Any]) -> Response:
    # Not the request's own transaction: none is to be open while the engine works or a write is awaited.
    found = find_customers(
        kit().database,
        _engine(),
        _waiting(),
        Asked(
            publisher_id=current_publisher_id(),
            personal=current_caller().sees_personal,
            q=asked["q"],
            now=clock.now(),
            filter=asked["filter"],
            order=asked.get("sort"),
            fields=asked.get("columns") or SHOWN_FIELDS,
            exact_total=asked["total"] == "exact",
            limit=asked["limit"],
            cursor=asked.get("cursor"),
            version_token=asked.get("version_token"),
            wait_seconds=asked["wait_ms"] / 1000,
        ),
    )
    # What of the time was the engine's (Server Timing, W3C): an operator sees which of the two to look at.
    return json_response(found.page, headers={"Server-Timing": f"engine;dur={found.took:.2f}"})

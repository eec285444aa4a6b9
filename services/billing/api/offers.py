"""The addresses of offers."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, IF_MATCH, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.billing.actions.offers import create_offer, edit_offer
from services.billing.api.common import blueprint_of, shown
from services.billing.errors import OfferNotFound
from services.billing.models.offers import Offer
from services.billing.queries.lists import list_offers
from services.billing.queries.rows import find
from services.billing.schemas.offers import CreateOffer, EditOffer, ListOffers
from services.billing.views.offers import OfferPage, OfferState, offer_state

blueprint = blueprint_of("offers", "What is sold.")


@blueprint.get("")
@requires("billing:read")
@blueprint.arguments(ListOffers, location="query")
@blueprint.response(200, OfferPage)
@blueprint.doc(operationId="list_offers")
def get_offers(parameters: dict[str, Any]) -> Response:
    """List offers, newest first."""
    page = list_offers(
        current_session(),
        publisher_id=current_publisher_id(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
        status=parameters.get("status"),
        external_id=parameters.get("external_id"),
    )
    return json_response(page)


@blueprint.post("")
@requires("billing:manage")
@audited("billing.offer.created")
@idempotent
@blueprint.arguments(CreateOffer)
@blueprint.response(201, OfferState, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="create_offer")
def post_offer(body: dict[str, Any]) -> Response:
    """Make an offer."""
    offer = create_offer(current_session(), publisher_id=current_publisher_id(), data=body, now=clock.now())
    audit_subject(offer.id)
    return shown(offer_state(offer), status=201, place=f"offers/{offer.id}")


@blueprint.get("/<offer_id>")
@requires("billing:read")
@blueprint.response(200, OfferState, headers=WITH_ETAG)
@blueprint.doc(operationId="get_offer")
def get_offer(offer_id: str) -> Response:
    """Read an offer."""
    return shown(offer_state(find(current_session(), Offer, current_publisher_id(), offer_id, OfferNotFound)))


@blueprint.patch("/<offer_id>")
@requires("billing:manage")
@audited("billing.offer.edited", subject="offer_id")
@blueprint.arguments(EditOffer)
@blueprint.response(200, OfferState, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_offer")
def patch_offer(body: dict[str, Any], offer_id: str) -> Response:
    """Edit an offer. Subscriptions keep the price and period that they were bought at."""
    offer = edit_offer(
        current_session(),
        publisher_id=current_publisher_id(),
        offer_id=offer_id,
        data=body,
        expected_version=if_match(),
        now=clock.now(),
    )
    return shown(offer_state(offer))

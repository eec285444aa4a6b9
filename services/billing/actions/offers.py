"""Making and editing offers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from servicekit.errors import FieldError, Invalid
from servicekit.etag import etag
from servicekit.ids import new_id
from services.billing import events
from services.billing.errors import ChangedMeanwhile, ExternalIdTaken, OfferNotFound
from services.billing.models.offers import Offer
from services.billing.queries.rows import find_locked

_NEEDS_PERIOD = ("subscription", "pass")


def create_offer(session: Session, *, publisher_id: str, data: Mapping[str, Any], now: datetime) -> Offer:
    """A new offer from ``data`` (fields as in ``CreateOffer``). Raises ExternalIdTaken, Invalid."""
    offer = Offer(id=new_id("off"), publisher_id=publisher_id, created_at=now, version=1, **_columns(data))
    _require_sense(offer)
    session.add(offer)
    _flush(session)
    events.publish_offer(session, events.OFFER_CREATED, offer, now=now)
    return offer


def edit_offer(
    session: Session,
    *,
    publisher_id: str,
    offer_id: str,
    data: Mapping[str, Any],
    expected_version: int | None,
    now: datetime,
) -> Offer:
    """Change an offer (fields as in ``EditOffer``); None as ``expected_version`` takes any.

    Subscriptions keep the price and period that they were bought at. Raises OfferNotFound, ChangedMeanwhile,
    ExternalIdTaken, Invalid.
    """
    offer = find_locked(session, Offer, publisher_id, offer_id, OfferNotFound)
    if expected_version is not None and expected_version != offer.version:
        raise ChangedMeanwhile(etag(offer.version))
    changes = {name: value for name, value in _columns(data).items() if getattr(offer, name) != value}
    if not changes:
        return offer
    for name, value in changes.items():
        setattr(offer, name, value)
    _require_sense(offer)
    offer.version += 1
    _flush(session)
    events.publish_offer(session, events.OFFER_EDITED, offer, now=now)
    return offer


def _columns(data: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in data.items() if name not in ("price", "period")}
    if "price" in data:
        plain |= {"price_minor": data["price"].amount_minor, "currency": data["price"].currency}
    if "period" in data:
        period = data["period"] or {"unit": None, "count": None}
        plain |= {"period_unit": period["unit"], "period_count": period["count"]}
    return plain


def _require_sense(offer: Offer) -> None:
    if offer.kind in _NEEDS_PERIOD and offer.period_unit is None:
        raise Invalid(f"An offer of the kind {offer.kind} needs a period.", errors=[FieldError("/period", "Missing.")])
    if offer.kind not in _NEEDS_PERIOD and offer.period_unit is not None:
        raise Invalid(
            f"An offer of the kind {offer.kind} has no period.", errors=[FieldError("/period", "Must be null.")]
        )
    if offer.trial_days and offer.kind != "subscription":
        raise Invalid("Only a subscription has a trial.", errors=[FieldError("/trial_days", "Must be 0.")])


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise ExternalIdTaken from error

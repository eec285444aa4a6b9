"""Publishers, as the API shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from services.identity.models import Publisher


def get_publisher(session: Session, publisher_id: str) -> Publisher:
    """The publisher."""
    return session.scalars(select(Publisher).where(Publisher.publisher_id == publisher_id)).one()


def publisher_state(publisher: Publisher) -> dict[str, Any]:
    """A publisher with its settings, as the API shows it."""
    return {
        "id": publisher.publisher_id,
        "name": publisher.name,
        "created_at": rfc3339(publisher.created_at),
        "time_zone": publisher.time_zone,
        "language": publisher.language,
        "currency": publisher.currency,
        "website_url": publisher.website_url,
        "offer_url_template": publisher.offer_url_template,
        "support_email": publisher.support_email,
    }

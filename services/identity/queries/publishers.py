"""Publishers, as the API shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from services.identity.models import Publisher


def get_publisher(session: Session, publisher_id: str) -> dict[str, Any]:
    """The publisher, as the API shows it."""
    publisher = session.scalars(select(Publisher).where(Publisher.publisher_id == publisher_id)).one()
    return {"id": publisher.publisher_id, "name": publisher.name, "created_at": rfc3339(publisher.created_at)}

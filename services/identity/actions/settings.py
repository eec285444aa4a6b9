"""A publisher's settings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity.errors import SettingsChangedMeanwhile
from services.identity.models import Publisher


def edit_publisher(
    session: Session, *, publisher_id: str, data: dict[str, Any], expected_version: int | None
) -> Publisher:
    """Change settings of the publisher; what is absent stays. The same again changes nothing.

    Raises SettingsChangedMeanwhile.
    """
    publisher = session.scalars(
        select(Publisher)
        .where(Publisher.publisher_id == publisher_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if expected_version not in (None, publisher.version):
        raise SettingsChangedMeanwhile(publisher.version)
    changed = {name: value for name, value in data.items() if getattr(publisher, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(publisher, name, value)
        publisher.version += 1
        session.flush()
    return publisher

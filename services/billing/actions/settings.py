"""Changing how a publisher bills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.etag import etag
from services.billing.errors import ChangedMeanwhile
from services.billing.models.settings import BillingSettings, defaults

_FIELDS = ("time_zone", "refund_window_days", "dunning_days")


def edit_settings(
    session: Session, *, publisher_id: str, data: Mapping[str, Any], expected_version: int | None
) -> BillingSettings:
    """Change settings (fields as in ``EditSettings``). Raises ChangedMeanwhile."""
    blank = defaults(publisher_id)
    values = {column.name: getattr(blank, column.name) for column in BillingSettings.__table__.columns}
    session.execute(insert(BillingSettings).values(values).on_conflict_do_nothing())
    row = session.scalars(
        select(BillingSettings).where(BillingSettings.publisher_id == publisher_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    if expected_version is not None and expected_version != row.version:
        raise ChangedMeanwhile(etag(row.version))
    changes = {name: data[name] for name in _FIELDS if name in data and data[name] != getattr(row, name)}
    seller = {**row.seller, **data.get("seller", {})}
    if seller != row.seller:
        changes["seller"] = seller
    for name, value in changes.items():
        setattr(row, name, value)
    if changes:
        row.version += 1
    session.flush()
    return row

"""Finding one thing, as it is or locked. Whoever changes something locks the customer's account first."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.models.base import Base

Thing = TypeVar("Thing", bound=Base)


def find(session: Session, model: type[Thing], publisher_id: str, thing_id: str, missing: type[Exception]) -> Thing:
    """The thing with this ID. Raises ``missing``."""
    found: Thing = _one(session, model, publisher_id, thing_id, missing)
    return found


def find_locked(
    session: Session, model: type[Thing], publisher_id: str, thing_id: str, missing: type[Exception]
) -> Thing:
    """The thing as it is now, locked until the transaction ends. Raises ``missing``."""
    found: Thing = _one(session, model, publisher_id, thing_id, missing, locked=True)
    return found


def _one(
    session: Session,
    model: Any,
    publisher_id: str,
    thing_id: str,
    missing: type[Exception],
    *,
    locked: bool = False,
) -> Any:
    statement = select(model).where(model.id == thing_id, model.publisher_id == publisher_id)
    if locked:
        statement = statement.with_for_update()
    found = session.execute(statement, execution_options={"populate_existing": locked}).scalar_one_or_none()
    if found is None:
        raise missing
    return found

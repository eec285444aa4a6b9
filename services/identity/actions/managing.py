"""One change after the other: whoever has just lost the right to manage a publisher can't use it once more."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from services.identity.errors import NoLongerAllowed
from services.identity.models import ApiKey, Publisher, Staff
from services.identity.roles import scopes_of

_MANAGING = "identity:manage"


def begin_managing(session: Session, actor: Caller, publisher_id: str) -> None:
    """Lock the publisher, and see whether the caller may still manage it: their token is up to a minute old.

    To be done before whatever outlives that minute. Raises NoLongerAllowed.
    """
    session.execute(
        # Not against rows that only refer to it, such as a new API key's.
        select(Publisher.publisher_id).where(Publisher.publisher_id == publisher_id).with_for_update(key_share=True)
    ).one()
    if actor.kind == "staff":
        role = session.scalars(
            select(Staff.role).where(
                Staff.publisher_id == publisher_id,
                Staff.id == actor.actor_id,
                Staff.disabled_at.is_(None),
                Staff.password_change_required.is_(False),
            )
        ).one_or_none()
        allowed = role is not None and _MANAGING in scopes_of(role)
    else:
        key = select(ApiKey.id).where(
            ApiKey.publisher_id == publisher_id, ApiKey.id == actor.actor_id, ApiKey.revoked_at.is_(None)
        )
        allowed = session.scalars(key).one_or_none() is not None
    if not allowed:
        raise NoLongerAllowed

"""Whether access can be made longer."""

from __future__ import annotations

from datetime import timedelta

from servicekit.errors import Problem
from services.billing.errors import ActionRefused
from services.billing.models.access import Access

LONGEST = timedelta(days=7305)
"""How far ahead access can be extended: twenty years."""


def why_no_extension(access: Access | None) -> Problem | None:
    """Why access can't be extended; None: it can. No access at all is a reason."""
    if access is None:
        return ActionRefused("no_access", "This transaction has given no access that could be extended.")
    if access.ends_at is None and access.ended_at is None:
        return ActionRefused("access_endless", "This access has no end already.")
    return None

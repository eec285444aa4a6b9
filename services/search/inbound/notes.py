"""What notes tell of a customer: how many there are, and which flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.search.inbound.reading import TEXT, Kinds, Told, UnreadableState, checked_version, fields_of, keepable

SECTION = "summary"
_FIELDS: dict[str, Kinds] = {
    "notes_count": (int, type(None)),
    "flags": (list, type(None)),
    "last_note_at": TEXT,
}
BLANK: Mapping[str, Any] = {"notes_count": 0, "flags": [], "last_note_at": None}
"""What there is of one of whom nothing was told: nobody has written anything."""


def summary_told(subject: str, version: int, data: Mapping[str, Any]) -> Told:
    """Read a summary from an event or a feed; ``subject`` is the customer. Raises UnreadableState."""
    if data.get("customer_id") != subject:
        raise UnreadableState("customer_id is not the subject")
    told = fields_of(data, _FIELDS)
    state = {name: BLANK[name] if value is None else value for name, value in told.items()}
    if not all(isinstance(flag, str) for flag in state["flags"]):
        raise UnreadableState("flags holds something else than text")
    return Told(SECTION, subject, checked_version(version), keepable(state))

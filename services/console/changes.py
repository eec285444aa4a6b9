"""The change history in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from services.console.choices import name_of
from services.console.editing import BY_NAME
from services.console.reader import NOTHING, Reader

ACTIONS: Mapping[str, str] = {
    "created": "Created",
    "edited": "Edited",
    "imported": "Imported",
    "anonymized": "Anonymized",
}
KINDS: Mapping[str, str] = {"staff": "staff member", "api_key": "API key", "service": "service"}
_LABELS = {
    "external_ids": "External IDs",
    "attributes": "Custom attributes",
    "address": "Address",
    "status": "Status",
}


def label(name: str) -> str:
    """What a field of the history is called; a custom attribute by its own name."""
    if name in BY_NAME:
        return BY_NAME[name].label
    if name.startswith("attributes."):
        return name.partition(".")[2]
    return _LABELS.get(name) or name.replace("_", " ").replace(".", ", ").capitalize()


def shown(name: str, value: Any, reader: Reader) -> Markup:
    """A field's value for people; a dash for none."""
    if value is None or value in ("", [], {}):
        return NOTHING
    kind = BY_NAME[name].kind if name in BY_NAME else ""
    if isinstance(value, str):
        return _text(kind, value, reader)
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    if isinstance(value, list):
        return Markup("<br>").join(_entry(entry) for entry in value)
    if isinstance(value, dict):
        return Markup("<br>").join(Markup("{}: {}").format(key, inner) for key, inner in value.items() if inner)
    return escape(value)


def _text(kind: str, value: str, reader: Reader) -> Markup:
    if kind == "day":
        try:
            return reader.day(value)
        except ValueError:  # what somebody has typed
            return escape(value)
    if kind in ("country", "language", "currency"):
        return escape(name_of(kind, value))
    return escape(value)


def _entry(entry: Any) -> Markup:
    if isinstance(entry, dict) and "id" in entry:
        return Markup('{} <span class="text-secondary">{}</span>').format(entry["id"], entry.get("source", ""))
    return escape(entry)

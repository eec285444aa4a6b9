"""What is common to reading what others tell: what comes of it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.search.folding import storable

Kinds = tuple[type, ...]
TEXT: Kinds = (str, type(None))


class UnreadableState(ValueError):
    """A state that isn't of the form we know. The message names the field, never its value."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one producer told of a customer: the state of its ``section`` as of ``version``, a number of its own."""

    section: str
    customer_id: str
    version: int
    state: dict[str, Any]


def fields_of(data: Mapping[str, Any], kinds: Mapping[str, Kinds]) -> dict[str, Any]:
    """Those fields of ``data`` that have a kind here; missing ones are null. Raises UnreadableState."""
    state: dict[str, Any] = {}
    for name, allowed in kinds.items():
        value = data.get(name)
        # Whether something is so is no number, although Python counts with it.
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise UnreadableState(f"{name} is a {type(value).__name__}")
        state[name] = value
    return state


def checked_version(version: int) -> int:
    """``version``. Raises UnreadableState if it is none."""
    if not 0 < version < 2**63:
        raise UnreadableState("version is no positive number of 64 bits")
    return version


def keepable(state: dict[str, Any]) -> dict[str, Any]:
    """``state`` without NUL, which is valid JSON that PostgreSQL can't keep."""
    return {key: _without_nul(value) for key, value in state.items()} if b"\\u0000" in orjson.dumps(state) else state


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): _without_nul(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nul(inner) for inner in value]
    return value

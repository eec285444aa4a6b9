"""The fields that a column can become, and how a cell's text becomes their value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError

from servicekit.imports.cells import as_moment, as_text
from servicekit.web.fields import Moment, Text
from services.notes.schemas import note_text
from services.notes.vocabulary import MOST_FLAGS

CUSTOMER = ("customer_id", "customer_external_id", "customer_external_id_source", "customer_email")
CUSTOMER_EXTERNAL_IDS = "customer_external_ids."
OWN_SOURCE = "publisher"
Load = Callable[[Any], Any]
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_BETWEEN_FLAGS = re.compile(r"[,;|\n]")
_moment = Moment()


@lru_cache(maxsize=5000)
def load_moment(value: Any) -> datetime:
    """A time as exports write it. Raises ValidationError."""
    loaded: datetime = _moment.deserialize(as_moment(value))
    if loaded.year < 1970:
        raise ValidationError("Before 1970.")
    return loaded


def load_text(value: Any) -> str:
    """A note's text, by the same rules as in the API. Raises ValidationError."""
    text = as_text(value)
    if not isinstance(text, str):
        raise ValidationError("Not a text.")
    return note_text(text)


def load_flags(value: Any) -> list[str]:
    """Keys or names of flags: a list, or parted by ``,`` ``;`` or ``|``. Raises ValidationError."""
    given = value if isinstance(value, list) else _BETWEEN_FLAGS.split(str(as_text(value)))
    if not all(isinstance(flag, str) for flag in given):
        raise ValidationError("Not the keys or names of flags.")
    flags = list(dict.fromkeys(stripped for flag in given if (stripped := flag.strip())))
    if len(flags) > MOST_FLAGS:
        raise ValidationError(f"More than {MOST_FLAGS} flags.")
    return flags


def load_source(value: Any) -> str:
    """The source of a customer's external ID. Raises ValidationError."""
    text = str(value).strip()
    if not _SOURCE.match(text):
        raise ValidationError("Not the source of an ID, such as crm: lower-case letters, digits, . _ -")
    return text


def _line(length: int) -> Load:
    field = Text(max_length=length)

    def load(value: Any) -> str:
        return str(field.deserialize(as_text(value)))

    return load


def _load_email(value: Any) -> str:
    return str(_address(value)).casefold()


_address, _ID = _line(254), _line(200)
NOTES: Mapping[str, Load] = {
    "customer_id": _ID,
    "customer_external_id": _ID,
    "customer_external_id_source": load_source,
    "customer_email": _load_email,
    "external_id": _ID,
    "text": load_text,
    "author": _line(200),
    "author_email": _load_email,
    "created_at": load_moment,
    "flags": load_flags,
}

"""Marshmallow fields for what people send: text trimmed, composed, without characters that no text has; exact types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

from servicekit.clock import rfc3339

# Listed, because what Python's tables know of Unicode depends on its version; what is unassigned today may be a name's
# letter tomorrow. Controls, lone surrogates, line and paragraph separators, what reverses the text around it,
# noncharacters.
_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))
    + "]"
)
# Unicode's Default_Ignorable_Code_Point, white space, and the braille pattern without dots.
_INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*\Z"
)


class Text(fields.String):
    """One line of text: Unicode NFC, trimmed, at most ``max_length`` characters; empty becomes null if allowed.

    What shows nothing at all counts as empty.
    """

    def __init__(self, *, max_length: int, **options: Any) -> None:
        metadata = {"maxLength": max_length, **options.pop("metadata", {})}
        super().__init__(metadata=metadata, **options)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 4 * self.max_length:
            raise ValidationError(f"Longer than {self.max_length} characters.")
        text = unicodedata.normalize("NFC", text).strip()
        if not text.isprintable() and _FORBIDDEN.search(text):
            raise ValidationError("Contains a control character or one that no text has.")
        if len(text) > self.max_length:
            raise ValidationError(f"Longer than {self.max_length} characters.")
        if _INVISIBLE.match(text):
            if self.allow_none:
                return None
            raise ValidationError("Must not be empty.")
        return text


class TrueOrFalse(fields.Boolean):
    """JSON's ``true`` or ``false`` and nothing that Python takes for the same, such as 1 or 0.0."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.Field[datetime]):
    """A point in time: RFC 3339 with its zone, kept and shown in UTC."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or len(value) > 40 or "T" not in value.upper():
            raise ValidationError("Not a time in RFC 3339, such as 2026-03-12T09:30:00Z.")
        try:
            moment = datetime.fromisoformat(value.upper())  # RFC 3339 allows t and z
            if moment.tzinfo is None:
                raise ValidationError("The time lacks its zone: add Z or an offset such as +01:00.")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError("Not a time in RFC 3339, such as 2026-03-12T09:30:00Z.") from None

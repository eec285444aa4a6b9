"""Marshmallow fields for what people type: trimmed, composed, without characters that no text has."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

from servicekit.clock import rfc3339

_FORBIDDEN = {"Cc", "Cs", "Co", "Cn"}  # controls, lone surrogates, private use, unassigned


class Text(fields.String):
    """One line of text: Unicode NFC, trimmed, at most ``max_length`` characters; empty becomes null if allowed."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        metadata = {"maxLength": max_length, **options.pop("metadata", {})}
        super().__init__(metadata=metadata, **options)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 4 * self.max_length:
            raise ValidationError(f"Longer than {self.max_length} characters.")
        text = unicodedata.normalize("NFC", text).strip()
        if not text.isprintable() and any(unicodedata.category(character) in _FORBIDDEN for character in text):
            raise ValidationError("Contains a control character or one that no text has.")
        if len(text) > self.max_length:
            raise ValidationError(f"Longer than {self.max_length} characters.")
        if not text:
            if self.allow_none:
                return None
            raise ValidationError("Must not be empty.")
        return text


class Moment(fields.Field[datetime]):
    """A point in time: RFC 3339 with its zone, kept and shown in UTC."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or len(value) > 40 or "T" not in value.upper():
            raise ValidationError("Not a time in RFC 3339, such as 2026-03-12T09:30:00Z.")
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValidationError("The time lacks its zone: add Z or an offset such as +01:00.")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError("Not a time in RFC 3339, such as 2026-03-12T09:30:00Z.") from None

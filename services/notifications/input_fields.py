"""Fields of what the API takes: each says what is wrong with a value, and gives it in one form."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields

from servicekit.web.fields import Text

MOST_LOGO_BYTES = 60_000
_DATA = re.compile(r"data:(image/(?:png|jpeg|gif));base64,([A-Za-z0-9+/=]+)\Z")
_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
_LIST = re.compile(r"[a-z_]+(,[a-z_]+)*\Z")


class OneOfList(fields.String):
    """Names from a list, separated by commas."""

    def __init__(self, names: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.names = names

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        chosen = text.split(",") if _LIST.match(text) and len(text) < 1000 else [""]
        if any(name not in self.names for name in chosen):
            raise ValidationError(f"Must be one or more of these, separated by commas: {', '.join(self.names)}.")
        return list(dict.fromkeys(chosen))


class Address(Text):
    """An email address in ASCII, as a sender has to have it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        try:
            found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
        except (EmailNotValidError, ValueError) as error:
            raise ValidationError(f"Not a valid email address: {error}") from None
        return found.ascii_email or found.normalized


class WebAddress(Text):
    """An address of a web page."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\"'<>\\]", text):
            raise ValidationError("Not the address of a web page, such as https://www.example.com.")
        return text


class Lines(fields.String):
    """Text of a few lines; empty is null."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 500:
            raise ValidationError("Longer than 500 characters.")
        kept = [line.strip() for line in text.splitlines()]
        if any(not line.isprintable() for line in kept):
            raise ValidationError("Contains a control character or one that no text has.")
        if len(kept) > 8:
            raise ValidationError("More than 8 lines.")
        return "\n".join(line for line in kept if line) or None


class Picture(fields.String):
    """A small PNG, JPEG or GIF as a data URI (RFC 2397)."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        found = _DATA.match(text) if len(text) < 2 * MOST_LOGO_BYTES else None
        try:
            content = base64.b64decode(found[2], validate=True) if found else b""
        except (binascii.Error, ValueError):
            content = b""
        if not found or not content.startswith(_BEGINNINGS[found[1]]) or len(content) > MOST_LOGO_BYTES:
            raise ValidationError(
                f"Not a PNG, JPEG or GIF of at most {MOST_LOGO_BYTES:,} bytes as data:image/png;base64,…"
            )
        return found[1], content


class Zone(fields.String):
    """An IANA time zone."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        try:
            ZoneInfo(name[:100])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValidationError("Not the name of a time zone, such as Europe/Berlin.") from None
        return name

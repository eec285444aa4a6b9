"""The form of the mail settings: its fields, the logo among them, and what is sent of it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from services.console.sides import Wanted

LABELS: Mapping[str, str] = {
    "delivery": "Delivery",
    "sender_name": "Sender's name",
    "sender_address": "Sender's address",
    "reply_to": "Answers go to",
    "support_email": "Support's email address",
    "website_url": "Website",
    "postal_address": "Postal address",
    "logo": "Logo",
    "color": "Color",
    "language": "Language",
    "time_zone": "Time zone",
    "renewal_notice_days": "Days before a renewal",
}
TYPED = tuple(name for name in LABELS if name != "logo")
DELIVERIES: Mapping[str, tuple[str, str]] = {
    "accounts": ("From here", "Mails are sent as soon as they are written."),
    "publisher": ("By yourself", "Mails are only written, and shown as Generated (Not Sent); you fetch and send them."),
}
MOST_LOGO_BYTES = 60_000
WRONG_LOGO = f"Choose a PNG, JPEG or GIF of at most {MOST_LOGO_BYTES // 1000} kB."
# These have a value always; the others may be empty.
_ALWAYS = ("delivery", "color", "language", "time_zone")
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]{1,90000}\Z")


def values_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings as the form has them; of the logo what it is known by."""
    shown = {name: "" if settings[name] is None else str(settings[name]) for name in TYPED}
    return {name: shown.get(name, "") for name in LABELS} | {"logo": known_by(settings["logo"] or "")}


def known_by(picture: str) -> str:
    """What a picture (a data URI) is known by in the form; empty for none."""
    return hashlib.sha256(picture.encode()).hexdigest()[:16] if picture else ""


def picture_of(content: bytes) -> str | None:
    """A file as a data URI; None for what can't be a logo."""
    media_type = next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), None)
    if media_type is None or len(content) > MOST_LOGO_BYTES:
        return None
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def sent_back(picture: str) -> str:
    """A picture that the form was given to keep; empty for what is none."""
    return picture if _PICTURE.match(picture) else ""


def patch(wanted: Wanted, picture: str) -> dict[str, Any]:
    """What to send: only what differs (RFC 7396). ``picture`` is the new logo, if there is one."""
    body: dict[str, Any] = {}
    for name in wanted.changed:
        value = wanted.values[name]
        if name == "logo":
            body[name] = picture or None
        elif name == "renewal_notice_days":
            body[name] = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else value
        else:
            body[name] = value if value or name in _ALWAYS else None
    return body

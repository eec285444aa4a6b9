"""Editing a publisher's mail settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.etag import etag
from services.notifications.errors import ChangedMeanwhile, SenderNotAllowed
from services.notifications.mail_settings import default_settings
from services.notifications.models import Logo, MailSettings
from services.notifications.settings import MailDefaults

_PLAIN = (
    "delivery", "sender_name", "sender_address", "reply_to", "support_email", "website_url", "postal_address", "color",
    "language", "time_zone", "renewal_notice_days",
)  # fmt: skip
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('settings/' || :publisher_id, 0))")


def edit_settings(
    session: Session,
    *,
    publisher_id: str,
    data: Mapping[str, Any],
    expected_revision: int | None,
    defaults: MailDefaults,
    editor: Caller,
    now: datetime,
) -> MailSettings:
    """Merge ``data`` (fields as in ``EditMailSettings``) into the settings; None as ``expected_revision`` takes any.

    Raises ChangedMeanwhile, SenderNotAllowed.
    """
    session.execute(_ALONE, {"publisher_id": publisher_id})
    known = session.get(MailSettings, publisher_id, populate_existing=True)
    settings = known if known is not None else default_settings(publisher_id)
    if expected_revision is not None and expected_revision != settings.revision:
        raise ChangedMeanwhile(etag(settings.revision))
    _require_allowed(data, defaults)
    before = {name: getattr(settings, name) for name in (*_PLAIN, "logo_id", "kinds_off")}
    after = {**before, **{name: data[name] for name in _PLAIN if name in data}}
    if "kinds" in data:
        off = {*before["kinds_off"], *(kind for kind, on in data["kinds"].items() if not on)}
        after["kinds_off"] = sorted(off - {kind for kind, on in data["kinds"].items() if on})
    if "logo" in data:
        after["logo_id"] = _keep_logo(session, publisher_id, data["logo"])
    if before == after:
        return settings
    for name, value in after.items():
        setattr(settings, name, value)
    settings.revision += 1
    settings.edited_at = now
    settings.editor_id, settings.editor_name, settings.editor_kind = editor.actor_id, editor.name, editor.kind
    session.add(settings)
    session.flush()
    return settings


def _keep_logo(session: Session, publisher_id: str, given: tuple[str, bytes] | None) -> str | None:
    if given is None:
        return None
    media_type, content = given
    logo_id = hashlib.sha256(content).hexdigest()[:32]
    if session.get(Logo, (publisher_id, logo_id)) is None:
        session.add(Logo(publisher_id=publisher_id, id=logo_id, media_type=media_type, content=content))
        session.flush()
    return logo_id


def _require_allowed(data: Mapping[str, Any], defaults: MailDefaults) -> None:
    address = data.get("sender_address")
    if address and defaults.sender_domains:
        domain = address.rpartition("@")[2].lower()
        if not any(domain == allowed or domain.endswith(f".{allowed}") for allowed in defaults.sender_domains):
            raise SenderNotAllowed("sender_address", defaults.sender_domains)

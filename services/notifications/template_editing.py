"""Editing templates: a new version each time, the old ones stay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.etag import etag
from services.notifications.checking import check_template
from services.notifications.errors import ChangedMeanwhile
from services.notifications.models import TemplateVersion
from services.notifications.templates import FIRST, newest, source_of
from services.notifications.wording import Source

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('template/' || :key, 0))")


def edit_template(
    session: Session,
    *,
    publisher_id: str,
    kind: str,
    language: str,
    source: Source | None,
    expected_version: int | None,
    editor: Caller,
    now: datetime,
) -> int:
    """Have mails of a kind written by ``source`` from now on, or by the default again (None); the version's number.

    What it says already changes nothing; None as ``expected_version`` takes any. Raises InvalidTemplate,
    ChangedMeanwhile.
    """
    if source is not None:
        check_template(kind, language, source)
    session.execute(_ALONE, {"key": f"{publisher_id}/{kind}/{language}"})
    before = newest(session, publisher_id, kind, language)
    version = before.version if before is not None else FIRST
    if expected_version is not None and expected_version != version:
        raise ChangedMeanwhile(etag(version))
    if (source_of(before) if before is not None else None) == source:
        return version
    session.add(
        TemplateVersion(
            publisher_id=publisher_id,
            kind=kind,
            language=language,
            version=version + 1,
            subject=source.subject if source else None,
            html=source.html if source else None,
            text=source.text if source else None,
            at=now,
            editor_id=editor.actor_id,
            editor_name=editor.name,
            editor_kind=editor.kind,
        )
    )
    session.flush()
    return version + 1

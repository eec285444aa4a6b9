"""Publishers' templates: their versions, and which one holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notifications.models import TemplateVersion
from services.notifications.wording import Source


class Present(NamedTuple):
    """The template that holds: the publisher's own, or None for the default; and the version's number."""

    own: Source | None
    version: int


FIRST = 1
"""The version that everybody begins with: the default."""


def newest(session: Session, publisher_id: str, kind: str, language: str) -> TemplateVersion | None:
    """The newest version; None while it is the first."""
    return session.scalars(
        select(TemplateVersion)
        .where(
            TemplateVersion.publisher_id == publisher_id,
            TemplateVersion.kind == kind,
            TemplateVersion.language == language,
        )
        .order_by(TemplateVersion.version.desc())
        .limit(1)
    ).first()


def version_of(session: Session, publisher_id: str, kind: str, language: str, version: int) -> TemplateVersion | None:
    """One version; None for one that there isn't, and for the first, which has no row."""
    return session.get(TemplateVersion, (publisher_id, kind, language, version)) if FIRST < version < 2**31 else None


def present(session: Session, publisher_id: str, kind: str, language: str) -> Present:
    """What mails of a kind are written by now."""
    row = newest(session, publisher_id, kind, language)
    return Present(None, FIRST) if row is None else Present(source_of(row), row.version)


def source_of(row: TemplateVersion) -> Source | None:
    """What a version says; None for the default."""
    if row.subject is None or row.html is None or row.text is None:
        return None
    return Source(row.subject, row.html, row.text)


def all_newest(session: Session, publisher_id: str) -> Sequence[TemplateVersion]:
    """The newest version of each template that was ever edited."""
    return session.scalars(
        select(TemplateVersion)
        .where(TemplateVersion.publisher_id == publisher_id)
        .distinct(TemplateVersion.kind, TemplateVersion.language)
        .order_by(TemplateVersion.kind, TemplateVersion.language, TemplateVersion.version.desc())
    ).all()

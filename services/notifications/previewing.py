"""Showing what a template makes of data, before it is kept."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notifications.errors import CustomerNotFound
from services.notifications.mail_settings import brand_of, settings_of
from services.notifications.models import Email
from services.notifications.people import person_of, recipient
from services.notifications.rendering import Rendered, render_mail
from services.notifications.samples import FACTS, PERSON
from services.notifications.settings import MailDefaults
from services.notifications.wording import Source


def preview_template(
    session: Session,
    *,
    publisher_id: str,
    kind: str,
    language: str,
    source: Source,
    customer_id: str | None,
    defaults: MailDefaults,
) -> Rendered:
    """The mail that ``source`` makes of what this customer was last written to of this kind, of made-up facts where
    they never were. Without a customer all is made up. Raises CustomerNotFound, TemplateRefused."""
    person, facts = PERSON, FACTS
    if customer_id is not None:
        row = recipient(session, publisher_id, customer_id)
        if row is None or row.erasing_since is not None:
            raise CustomerNotFound
        person = person_of(row)
        facts = _last_facts(session, publisher_id, customer_id, kind) or FACTS
    brand = brand_of(settings_of(session, publisher_id), defaults)
    return render_mail(kind, language, facts, brand=brand, person=person, source=source)


def _last_facts(session: Session, publisher_id: str, customer_id: str, kind: str) -> dict[str, object] | None:
    return session.scalars(
        select(Email.facts)
        .where(
            Email.publisher_id == publisher_id,
            Email.customer_id == customer_id,
            Email.kind == kind,
            Email.facts.is_not(None),
        )
        .order_by(Email.created_at.desc())
        .limit(1)
    ).first()

"""Showing what a template makes of data, before it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notifications.checking import check_template
from services.notifications.errors import CustomerNotFound
from services.notifications.mail_settings import brand_of, settings_of
from services.notifications.models import Email, Logo, MailSettings
from services.notifications.people import person_of, recipient
from services.notifications.rendering import LOGO, render_mail
from services.notifications.samples import FACTS, PERSON
from services.notifications.settings import MailDefaults
from services.notifications.views import logo_as_text
from services.notifications.wording import Source


@dataclass(frozen=True, slots=True)
class Preview:
    """What a template makes of data. ``made_up``: all of it but the person and the publisher is."""

    subject: str
    html: str
    text: str
    made_up: bool


def preview_template(
    session: Session,
    *,
    publisher_id: str,
    kind: str,
    language: str,
    source: Source,
    customer_id: str | None,
    defaults: MailDefaults,
) -> Preview:
    """The mail that ``source`` makes of what this customer was last written to of this kind, of made-up facts where
    they never were. Without a customer all is made up. Raises CustomerNotFound, InvalidTemplate, TemplateRefused."""
    check_template(kind, language, source)
    person, facts = PERSON, None
    if customer_id is not None:
        row = recipient(session, publisher_id, customer_id)
        if row is None or row.erasing_since is not None:
            raise CustomerNotFound
        person = person_of(row)
        facts = _last_facts(session, publisher_id, customer_id, kind)
    settings = settings_of(session, publisher_id)
    rendered = render_mail(
        kind, language, facts or FACTS, brand=brand_of(settings, defaults), person=person, source=source
    )
    return Preview(rendered.subject, _with_logo(session, settings, rendered.html), rendered.text, made_up=not facts)


def _with_logo(session: Session, settings: MailSettings, html: str) -> str:
    """The mail with the logo in it, which else goes beside it."""
    logo = None if settings.logo_id is None else session.get(Logo, (settings.publisher_id, settings.logo_id))
    return html if logo is None else html.replace(f"cid:{LOGO}", logo_as_text(logo))


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

"""Writing mails: from what happened to a row that a sender takes from there.

A mail is rendered when it is called for, in the transaction of that, and never changes afterwards: what is sent, shown
and sent again is what is in its row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.notifications import events, kinds
from services.notifications.invoicing import attach_invoice
from services.notifications.mail_settings import brand_of, sender_of, settings_of
from services.notifications.models import Email, MailSettings, Recipient
from services.notifications.people import Known, await_newcomers, has_bounced, known_recipients, person_of
from services.notifications.rendering import Rendered, render_mail
from services.notifications.sandbox import TemplateRefused
from services.notifications.settings import MailDefaults
from services.notifications.templates import FIRST, Present, present
from services.notifications.wording import language_for

NEVER = timedelta(days=36_500)
_log = structlog.get_logger("mailing")
_COLUMNS = tuple(column.name for column in Email.__table__.columns)
_TABLE = cast("Table", Email.__table__)
_INSERT = (
    insert(_TABLE)
    .on_conflict_do_nothing(
        index_elements=["publisher_id", "event_id", "kind"], index_where=_TABLE.c.event_id.is_not(None)
    )
    .returning(_TABLE.c.id)
)


@dataclass(frozen=True, slots=True)
class Order:
    """A mail that something calls for. ``event_id`` is what it is called for by: one mail of a kind for each."""

    kind: str
    customer_id: str
    event_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    transaction_id: str | None = None
    subscription_id: str | None = None
    invoice_number: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail of the past: ``status`` since ``ended_at``."""

    status: str
    written_at: datetime
    ended_at: datetime
    failure_code: str | None = None
    failure: str | None = None


def write_mail(
    session: Session, order: Order, *, publisher_id: str, defaults: MailDefaults, now: datetime
) -> Email | None:
    """Write a mail and have it sent. None where there is none to be (``write_mails``)."""
    written = write_mails(session, [order], publisher_id=publisher_id, defaults=defaults, now=now)
    return written[0] if written else None


def write_mails(
    session: Session, orders: Sequence[Order], *, publisher_id: str, defaults: MailDefaults, now: datetime
) -> list[Email]:
    """Write mails and have them sent. There is none to be where its kind is turned off, its customer has no address or
    is being erased, or it was written before.

    Of a customer not known here yet it is kept until they are (``complete_waiting``).
    """
    settings = _settings(session, publisher_id)
    wanted = [order for order in orders if order.kind not in settings.kinds_off]
    if not wanted:
        return []
    people = _people(session, publisher_id, {order.customer_id for order in wanted})
    domain = _domain(settings, defaults)
    mails = []
    for order in wanted:
        person = people.get(order.customer_id)
        if person is not None and (person.erasing_since is not None or person.email is None):
            continue
        mail = _blank(order, publisher_id=publisher_id, message_domain=domain, now=now)
        if person is None:
            mail.due_at = now + NEVER
        else:
            _fill(session, mail, person, settings, defaults, now=now)
        mails.append(mail)
    written = _put_down(session, mails)
    known = [mail for mail in written if mail.customer_id in people]
    for mail in known:
        attach_invoice(session, mail, people[mail.customer_id].language, settings, defaults)
    events.publish_emails(session, known, now=now)
    return written


def write_last_mail(
    session: Session, person: Recipient, *, kind: str, event_id: str, defaults: MailDefaults, now: datetime
) -> Email | None:
    """Write to somebody who is being erased that this is so; None where the publisher doesn't want it, delivers
    mail itself (it is told by the same event as we are), or there is no address that works."""
    settings = settings_of(session, person.publisher_id)
    if kind in settings.kinds_off or settings.delivery != kinds.OURS or not person.email or has_bounced(person):
        return None
    order = Order(kind, person.customer_id, event_id)
    domain = _domain(settings, defaults)
    mail = _blank(order, publisher_id=person.publisher_id, message_domain=domain, now=now)
    _fill(session, mail, person, settings, defaults, now=now)
    if not _put_down(session, [mail]):
        return None
    events.publish_email(session, mail, now=now)
    return mail


def write_past_mails(
    session: Session,
    past: Sequence[tuple[Order, Outcome]],
    *,
    publisher_id: str,
    defaults: MailDefaults,
    now: datetime,
) -> list[Email]:
    """Put mails of the past into the log, as they would be written today but without files. They are never sent.

    Left out is what is there already, and whose customer isn't known here with an address.
    """
    settings = _settings(session, publisher_id)
    domain = _domain(settings, defaults)
    people = known_recipients(session, publisher_id, [order.customer_id for order, _ in past])
    mails = []
    for order, outcome in past:
        person = people.get(order.customer_id)
        if person is None or person.erasing_since is not None or person.email is None:
            continue
        mail = _blank(order, publisher_id=publisher_id, message_domain=domain, now=outcome.written_at)
        _fill(session, mail, person, settings, defaults, now=outcome.written_at)
        mail.status, mail.ended_at = outcome.status, outcome.ended_at
        mail.failure_code, mail.failure = outcome.failure_code, outcome.failure
        mail.attempts = int(outcome.status != kinds.GENERATED)
        mails.append(mail)
    written = _put_down(session, mails)
    events.publish_emails(session, written, now=now)
    return written


def complete_waiting(session: Session, person: Recipient, *, defaults: MailDefaults, now: datetime) -> None:
    """Write what was called for before this customer was known here."""
    waiting = session.scalars(
        select(Email)
        .where(
            Email.publisher_id == person.publisher_id,
            Email.customer_id == person.customer_id,
            Email.status == kinds.QUEUED,
            Email.subject.is_(None),
        )
        .order_by(Email.id)
        .with_for_update()
    ).all()
    settings = settings_of(session, person.publisher_id) if waiting else None
    for mail in waiting:
        if person.email is None or settings is None:
            mail.status, mail.failure_code, mail.ended_at = kinds.FAILED, "no_address", now
        else:
            mail.due_at = now
            _fill(session, mail, person, settings, defaults, now=now)
        mail.version += 1
        session.flush()
        if settings is not None and mail.subject is not None:
            attach_invoice(session, mail, person.language, settings, defaults)
        events.publish_email(session, mail, now=now)


def message_id(email_id: str, domain: str) -> str:
    """The Message-ID of a mail: the same at every try (RFC 5322, 3.6.4)."""
    return f"<{email_id}@{domain}>"


def _put_down(session: Session, mails: Sequence[Email]) -> list[Email]:
    """Make mails' rows; those that are new: what calls for the others has had its mail of this kind."""
    if not mails:
        return []
    rows = [{name: getattr(mail, name) for name in _COLUMNS} for mail in mails]
    new = set(session.scalars(_INSERT, rows))
    return [mail for mail in mails if mail.id in new]


def _people(session: Session, publisher_id: str, customer_ids: Collection[str]) -> Mapping[str, Known]:
    """Who is known; who isn't will find their mail when they are."""
    people = known_recipients(session, publisher_id, customer_ids)
    missing = set(customer_ids) - people.keys()
    if missing:
        await_newcomers(session, publisher_id)
        people |= known_recipients(session, publisher_id, missing)
    return people


def _settings(session: Session, publisher_id: str) -> MailSettings:
    """The publisher's settings, asked for once in a transaction that writes many mails."""
    known: dict[str, MailSettings] = session.info.setdefault("mail_settings", {})
    if publisher_id not in known:
        known[publisher_id] = settings_of(session, publisher_id)
    return known[publisher_id]


def _template(session: Session, publisher_id: str, kind: str, language: str) -> Present:
    """The template that holds, asked for once in a transaction that writes many mails."""
    known: dict[tuple[str, str, str], Present] = session.info.setdefault("mail_templates", {})
    key = (publisher_id, kind, language)
    if key not in known:
        known[key] = present(session, *key)
    return known[key]


def _blank(order: Order, *, publisher_id: str, message_domain: str, now: datetime) -> Email:
    email_id = new_id("eml")
    return Email(
        id=email_id,
        publisher_id=publisher_id,
        customer_id=order.customer_id,
        kind=order.kind,
        status=kinds.QUEUED,
        facts=dict(order.facts),
        message_id=message_id(email_id, message_domain),
        event_id=order.event_id,
        transaction_id=order.transaction_id,
        subscription_id=order.subscription_id,
        invoice_number=order.invoice_number,
        created_at=now,
        due_at=now,
        attempts=0,
        in_doubt=False,
        claim=0,
        version=1,
    )


def _fill(
    session: Session,
    mail: Email,
    person: Known,
    settings: MailSettings,
    defaults: MailDefaults,
    *,
    now: datetime,
) -> None:
    """Everything that a mail needs of its customer and its publisher."""
    language = language_for(person.language, settings.language)
    rendered, version = _render(session, mail, person, settings, defaults, language)
    sender = sender_of(settings, defaults)
    mail.language = language
    mail.to_address, mail.to_name = person.email, person_of(person).name or None
    mail.from_address, mail.from_name, mail.reply_to = sender.address, sender.name, sender.reply_to
    mail.subject, mail.html, mail.text = rendered.subject, rendered.html, rendered.text
    mail.logo_id, mail.template_version = settings.logo_id, version
    if settings.delivery != kinds.OURS:
        mail.status, mail.ended_at = kinds.GENERATED, now
    elif has_bounced(person):
        mail.status, mail.failure_code, mail.ended_at = kinds.FAILED, "address_bounced", now


def _render(
    session: Session,
    mail: Email,
    person: Known,
    settings: MailSettings,
    defaults: MailDefaults,
    language: str,
) -> tuple[Rendered, int]:
    """By the publisher's template; by the default one where that can't be rendered with these facts after all."""
    own, version = _template(session, mail.publisher_id, mail.kind, language)
    brand, who, facts = brand_of(settings, defaults), person_of(person), mail.facts or {}
    if own is not None:
        try:
            return render_mail(mail.kind, language, facts, brand=brand, person=who, source=own), version
        except TemplateRefused:
            _log.warning("template_fails", publisher_id=mail.publisher_id, kind=mail.kind, language=language)
    return render_mail(mail.kind, language, facts, brand=brand, person=who), FIRST


def _domain(settings: MailSettings, defaults: MailDefaults) -> str:
    return sender_of(settings, defaults).address.rpartition("@")[2] or "localhost"

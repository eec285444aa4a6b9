"""A publisher's mail settings, with what holds while it has set nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.notifications.kinds import OURS
from services.notifications.models import MailSettings
from services.notifications.rendering import Brand
from services.notifications.settings import MailDefaults

COLOR = "#1f5fa8"
RENEWAL_NOTICE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a mail comes from."""

    address: str
    name: str
    reply_to: str | None


def settings_of(session: Session, publisher_id: str) -> MailSettings:
    """The publisher's settings; those that hold by default are of revision 1, and not in the database."""
    found = session.get(MailSettings, publisher_id)
    return found if found is not None else default_settings(publisher_id)


def default_settings(publisher_id: str) -> MailSettings:
    """What holds for a publisher that has set nothing."""
    return MailSettings(
        publisher_id=publisher_id,
        revision=1,
        delivery=OURS,
        sender_name=None,
        sender_address=None,
        reply_to=None,
        support_email=None,
        website_url=None,
        postal_address=None,
        color=COLOR,
        logo_id=None,
        language="en",
        time_zone="UTC",
        renewal_notice_days=RENEWAL_NOTICE_DAYS,
        kinds_off=[],
    )


def brand_of(settings: MailSettings, defaults: MailDefaults) -> Brand:
    """How the publisher's mails look."""
    return Brand(
        name=settings.sender_name or defaults.from_name,
        color=settings.color,
        website_url=settings.website_url,
        support_email=settings.support_email,
        postal_address=settings.postal_address,
        has_logo=settings.logo_id is not None,
        time_zone=settings.time_zone,
    )


def sender_of(settings: MailSettings, defaults: MailDefaults) -> Sender:
    """Whom the publisher's mails come from."""
    return Sender(
        address=settings.sender_address or defaults.from_address,
        name=settings.sender_name or defaults.from_name,
        reply_to=settings.reply_to,
    )

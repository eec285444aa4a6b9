"""Mail that came back: reading a delivery status notification (RFC 3464), and noting what it says.

What it says comes from anybody's mail server, or from nobody's: it only ever changes the status of a mail of the
publisher who passes it on, which it must name by its ID.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notifications import events, kinds
from services.notifications.cleaning import one_line
from services.notifications.errors import NoDeliveryReport
from services.notifications.models import Email
from services.notifications.people import recipient

_EMAIL_ID = re.compile(r"(?<![0-9a-z_])eml_[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9a-z])")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
# RFC 3463, 3.2: all of them are about the recipient's address but 7 and 8, which are about the sender's.
_BAD_ADDRESS = re.compile(r"5\.1\.(?![78]\Z)\d+\Z")
_MOST_PARTS = 50
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery status notification says of one recipient: ``action`` such as ``failed``, the enhanced status
    code (RFC 3463), and which of our mails it is about, if it tells."""

    action: str
    status: str
    words: str
    email_id: str | None


def read_report(content: bytes) -> Report:
    """Read a notification, from whomever. Raises NoDeliveryReport."""
    try:
        return _read(content)
    except NoDeliveryReport:
        raise
    except Exception:  # noqa: BLE001 - whatever made the parser fail was made by somebody for that, or is garbage
        raise NoDeliveryReport from None


def _read(content: bytes) -> Report:
    message = message_from_bytes(content, policy=compat32)
    parts = [part for part, _ in zip(message.walk(), range(_MOST_PARTS), strict=False)]
    blocks = [
        block for part in parts if part.get_content_type() == "message/delivery-status" for block in _blocks(part)
    ]
    told = [block for block in blocks if block.get("Action")]
    if not told:
        raise NoDeliveryReport
    block = next((each for each in told if _field(each, "Action").lower() == FAILED), told[0])
    status = _STATUS.search(_field(block, "Status"))
    words = _field(block, "Diagnostic-Code") or _field(block, "Status")
    return Report(_field(block, "Action").lower()[:20], status[0] if status else "", words, _email_id(blocks, parts))


def take_report(session: Session, report: Report, *, publisher_id: str, now: datetime) -> Email | None:
    """Note a mail that came back; the mail, or None if the report is about none of this publisher's.

    Doing it again changes nothing. Of an address that doesn't exist it is kept, so that nothing more is sent there.
    """
    if report.email_id is None:
        return None
    email = session.scalars(
        select(Email).where(Email.publisher_id == publisher_id, Email.id == report.email_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if email is None or report.action != FAILED or email.status not in (kinds.SENT, kinds.QUEUED) or not email.html:
        return email
    if email.status == kinds.QUEUED and not email.attempts:
        return email  # it was never sent: whoever made the report up guessed
    address = email.to_address
    email.status, email.ended_at = kinds.BOUNCED, now
    email.failure_code = "address_unknown" if _BAD_ADDRESS.match(report.status) else "bounced"
    email.failure = report.words or None
    email.version += 1
    session.flush()
    events.publish_email(session, email, now=now)
    if email.failure_code == "address_unknown":
        person = recipient(session, publisher_id, email.customer_id, lock=True)
        if person is not None and person.email == address and person.erasing_since is None:
            person.bounced_address = address
            session.flush()
    return email


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a delivery-status part: the message's first, then each recipient's."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message))


def _email_id(blocks: list[Message], parts: list[Message]) -> str | None:
    """By the envelope's ID if the servers kept it (RFC 3461), else by the Message-ID of what came back."""
    told = [_field(block, "Original-Envelope-Id") for block in blocks]
    told += [_field(part, "Message-ID") for part in parts[1:]]
    for part in parts:
        if part.get_content_type() == "text/rfc822-headers":
            told += re.findall(r"(?im)^message-id:\s*(\S+)", _text_of(part))
    return next((found[0] for text in told if (found := _EMAIL_ID.search(text))), None)


def _text_of(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content[:100_000].decode("utf-8", "replace") if isinstance(content, bytes) else ""


def _field(block: Message, name: str) -> str:
    return one_line(str(block.get(name) or ""), 400)

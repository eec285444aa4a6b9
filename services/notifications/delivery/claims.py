"""Whose mail is in whose hands: claims by lease, and what became of a mail. Times of leases are the database's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from servicekit.db.direct import Statement, execute_directly
from services.notifications import events, kinds
from services.notifications.models import Attachment, Logo

LEASE_SECONDS = 60
"""How long a mail stays in the hands of a sender that no longer tells that it lives."""

_CLAIM = text(
    """
    WITH due AS (
        SELECT id FROM email
        WHERE status = 'queued' AND due_at <= :now AND (claimed_until IS NULL OR claimed_until < now())
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE email SET claimed_by = :sender, claimed_until = now() + make_interval(secs => :seconds), claim = claim + 1,
        in_doubt = in_doubt OR handed_over_at IS NOT NULL
    FROM due WHERE email.id = due.id
    RETURNING email.id, email.publisher_id, email.claim
    """
)
_KEEP = text(
    "UPDATE email SET claimed_until = now() + make_interval(secs => :seconds) "
    "WHERE claimed_by = :sender AND claimed_until > now()"
)
_LET_GO = text("UPDATE email SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = :sender")
# The mark need not outlive a crash of the database's machine, so it doesn't wait for the disk: the sender's own death
# is what it is for.
_NO_WAIT = text("SET LOCAL synchronous_commit = off")
_BEGIN = text(
    """
    UPDATE email SET handed_over_at = :now, attempts = attempts + 1
    WHERE id = :id AND claimed_by = :sender AND claim = :claim AND status = 'queued' AND claimed_until > now()
    RETURNING id, publisher_id, customer_id, kind, message_id, from_address, from_name, reply_to, to_address, to_name,
        subject, html, text, language, logo_id, created_at, attempts, in_doubt, resend_of, transaction_id,
        subscription_id, invoice_number, version, EXISTS (
        SELECT 1 FROM attachment WHERE attachment.publisher_id = email.publisher_id AND email_id = email.id
    ) AS has_files
    """
)
_END = """
    UPDATE email SET status = %(status)s, ended_at = %(ended_at)s, due_at = coalesce(%(due_at)s, due_at),
        handed_over_at = NULL, failure_code = %(failure_code)s, failure = %(failure)s, in_doubt = %(in_doubt)s,
        attempts = %(attempts)s, claimed_by = NULL, claimed_until = NULL, version = %(version)s
    WHERE id = %(id)s AND status = 'queued' AND claim = %(claim)s
    """


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail in a sender's hands; ``number`` tells this time from others."""

    email_id: str
    publisher_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one try. ``due_at``: when to try again, while the mail stays queued."""

    status: str
    due_at: datetime | None = None
    failure_code: str | None = None
    failure: str | None = None
    in_doubt: bool = False
    counts: bool = True
    """Whether the try was one: not where there was no talking to the server."""


def claim_mails(session: Session, *, sender: str, now: datetime, most: int) -> list[Claim]:
    """Take the mails that are due in hand, those due longest first. ``session`` is one of the role ``system``.

    One that somebody had begun to hand over, and never said how that ended, is in doubt from now on.
    """
    rows = session.execute(_CLAIM, {"sender": sender, "now": now, "most": most, "seconds": LEASE_SECONDS})
    return [Claim(row.id, row.publisher_id, row.claim) for row in rows]


def keep_claims(session: Session, *, sender: str) -> None:
    """This sender lives: what it has in hand stays there."""
    session.execute(_KEEP, {"sender": sender, "seconds": LEASE_SECONDS})


def let_go(session: Session, *, sender: str) -> None:
    """Let others, or this one later, have what it has in hand."""
    session.execute(_LET_GO, {"sender": sender})


def begin_hand_over(
    session: Session, claim: Claim, *, sender: str, now: datetime, alone: bool = True
) -> Row[Any] | None:
    """Note that this mail is about to be handed over, and read it; None if it is no longer in this sender's hands.

    ``alone``: nothing else is in this transaction that a disk must be waited for.
    """
    if alone:
        session.execute(_NO_WAIT)
    given = {"id": claim.email_id, "claim": claim.number, "sender": sender, "now": now}
    return session.execute(_BEGIN, given).one_or_none()


def end_hand_over(session: Session, claim: Claim, row: Row[Any], result: Result, *, now: datetime) -> bool:
    """Write down what became of a mail, and publish it where that was the end; False if somebody else has it now.

    ``row`` is what ``begin_hand_over`` read: whoever changes a mail takes it out of this one's hands by that.
    """
    ended = result.status != kinds.QUEUED
    became = {
        "status": result.status,
        "ended_at": now if ended else None,
        "failure_code": result.failure_code,
        "failure": result.failure,
        "in_doubt": row.in_doubt or result.in_doubt,
        "attempts": row.attempts - (not result.counts),
        "version": row.version + ended,
    }
    values = {**became, "id": claim.email_id, "claim": claim.number, "due_at": result.due_at}
    (written,) = execute_directly(session, [Statement(_END, values)])
    if written and ended:
        events.publish_email(session, SimpleNamespace(**{**row._mapping, **became}), now=now)  # noqa: SLF001 - public
    return written == 1


def files_of(session: Session, row: Row[Any]) -> tuple[Row[Any] | None, Sequence[Row[Any]]]:
    """A mail's logo and attachments."""
    logo = None
    if row.logo_id is not None:
        mine = (Logo.publisher_id == row.publisher_id, Logo.id == row.logo_id)
        logo = session.execute(select(Logo.media_type, Logo.content).where(*mine)).one_or_none()
    if not row.has_files:
        return logo, ()
    attached = session.execute(
        select(Attachment.file_name, Attachment.media_type, Attachment.content)
        .where(Attachment.publisher_id == row.publisher_id, Attachment.email_id == row.id)
        .order_by(Attachment.position)
    ).all()
    return logo, attached


def waiting(session: Session, now: datetime) -> tuple[int, float]:
    """How many mails are due and not sent yet, and for how many seconds the oldest is."""
    row = session.execute(
        text("SELECT count(*) AS mails, min(due_at) AS oldest FROM email WHERE status = 'queued' AND due_at <= :now"),
        {"now": now},
    ).one()
    return int(row.mails), 0.0 if row.oldest is None else max(0.0, (now - row.oldest).total_seconds())

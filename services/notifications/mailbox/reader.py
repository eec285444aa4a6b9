"""What is done about each message of the mailbox: a report is noted, then deleted; anything else is left to people.

A message is marked only after what it says is committed. Killed between, it is read again, and known by its content.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import select

from servicekit import clock, inbox
from servicekit.db.database import Database, is_transient
from servicekit.faults import reach
from services.notifications.bounces import read_report, take_report
from services.notifications.errors import NoDeliveryReport
from services.notifications.mailbox.imap import Mailbox, MailboxUnavailable
from services.notifications.models import Email

CONSUMER = "mailbox"
TAKEN, AGAIN, NO_REPORT, UNKNOWN = "taken", "again", "no_report", "unknown"
MESSAGES = Counter(
    "notifications_mailbox_messages_total", "Messages read from the mailbox, by what they were.", ["result"]
)
_readable = Gauge("notifications_mailbox_readable", "Whether the mailbox could be read at the last try.")
_BACK_OFF_SECONDS = (5.0, 300.0)
_log = structlog.get_logger("mailbox")


class MailboxReader:
    """Looks into the mailbox every now and then. Any number of them do no harm beside each other.

    ``app`` is the role that sees one publisher, ``system`` the one that sees all; ``open_`` opens the mailbox anew.
    """

    def __init__(
        self,
        app: Database,
        system: Database,
        open_: Callable[[], AbstractContextManager[Mailbox]],
        *,
        every: float,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._app = app
        self._system = system
        self._open = open_
        self._every = every
        self._now = now

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, whatever database and mail server do meanwhile."""
        pause = _BACK_OFF_SECONDS[0]
        while not stop.is_set():
            try:
                self.step(stop)
            except Exception as error:
                if not isinstance(error, MailboxUnavailable) and not is_transient(error):
                    raise
                code = error.code if isinstance(error, MailboxUnavailable) else type(error).__name__
                _log.warning("mailbox not read", code=code, retry_in=pause)
                _readable.set(0)
                stop.wait(pause)
                pause = min(pause * 2, _BACK_OFF_SECONDS[1])
            else:
                _readable.set(1)
                pause = _BACK_OFF_SECONDS[0]
                stop.wait(self._every)

    def step(self, stop: threading.Event | None = None) -> int:
        """Read what came; how many messages that were. Raises MailboxUnavailable, DBAPIError."""
        done = 0
        with self._open() as mailbox:
            for uid in mailbox.unread():
                if stop is not None and stop.is_set():
                    break
                content = mailbox.content(uid)
                if content is None:
                    continue  # another reader was faster
                reach("mailbox:fetched")
                result = self.take(content)
                reach("mailbox:committed")
                if result in (TAKEN, AGAIN):
                    mailbox.remove(uid)
                else:
                    mailbox.mark_read(uid)
                reach("mailbox:marked")
                MESSAGES.labels(result).inc()
                done += 1
        return done

    def take(self, content: bytes) -> str:
        """Note what a message says of one of our mails, and commit that; what it was. Raises DBAPIError."""
        try:
            report = read_report(content)
        except NoDeliveryReport:
            _log.info("mailbox: no report", bytes=len(content))
            return NO_REPORT
        if report.email_id is None:
            _log.info("mailbox: a report about no mail of ours", action=report.action, status=report.status)
            return UNKNOWN
        with self._system.transaction() as session:
            publisher_id = session.scalar(select(Email.publisher_id).where(Email.id == report.email_id))
        if publisher_id is None:
            _log.info("mailbox: a report about a mail that isn't known", email_id=report.email_id)
            return UNKNOWN
        with self._app.transaction(publisher_id) as session:
            digest = sha256(content).hexdigest()
            if not inbox.take_in(session, consumer=CONSUMER, publisher_id=publisher_id, event_ids=[digest]):
                return AGAIN
            take_report(session, report, publisher_id=publisher_id, now=self._now())
        return TAKEN

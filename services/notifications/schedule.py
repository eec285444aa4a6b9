"""What is to be written at a time to come, and erasures that wait for a last mail.

A reminder is written once for its occasion: the row that says when is the one that says that it was done, in the same
transaction. So a clock that jumps, or a process that was down for a day, changes only when.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.db.database import Database, is_transient
from servicekit.screening import screen
from services.notifications.erasure import finish_erasure
from services.notifications.mailing import Order, write_mail
from services.notifications.models import Reminder
from services.notifications.settings import MailDefaults

_BATCH = 100
_IDLE_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_DUE = text(
    "SELECT publisher_id, kind, thing_id, occasion FROM reminder WHERE done_at IS NULL AND due_at <= :now "
    "ORDER BY due_at LIMIT :most"
)
_ERASING = text(
    "SELECT publisher_id, customer_id FROM recipient r WHERE erasing_since IS NOT NULL AND erased_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM email e WHERE e.publisher_id = r.publisher_id AND e.customer_id = r.customer_id "
    "AND e.status = 'queued') LIMIT :most"
)
_MEND = text(
    "UPDATE email SET due_at = :now WHERE status = 'queued' AND due_at > :now AND attempts = 0 "
    "AND subject IS NOT NULL RETURNING id"
)
_MEND_SECONDS = 60.0
_log = structlog.get_logger("scheduler")


class Scheduler:
    """Writes reminders that are due and finishes erasures. Any number of them do no harm beside each other."""

    def __init__(
        self, app: Database, system: Database, *, defaults: MailDefaults, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._app = app
        self._system = system
        self._defaults = defaults
        self._now = now
        self._mended_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, whatever the database does meanwhile."""
        while not stop.is_set():
            try:
                done = self.step()
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("schedule interrupted", error=type(error).__name__)
                stop.wait(_PATIENCE_SECONDS)
                continue
            if not done:
                stop.wait(_IDLE_SECONDS)

    def step(self) -> int:
        """One batch of what is due; how much was done. Raises DBAPIError."""
        return self._remind() + self._erase() + self._mend()

    def _remind(self) -> int:
        with self._system.transaction() as session:
            due = session.execute(_DUE, {"now": self._now(), "most": _BATCH}).all()
        done = 0
        for publisher_id, *key in due:
            with self._app.transaction(publisher_id) as session:
                done += write_reminder(session, publisher_id, *key, defaults=self._defaults, now=self._now())
        return done

    def _mend(self) -> int:
        """Mails that were never tried are due at once: also those that a clock which was ahead dated later."""
        if time.monotonic() < self._mended_until:
            return 0
        with self._system.transaction() as session:
            mended = session.execute(_MEND, {"now": self._now()}).all()
        self._mended_until = time.monotonic() + _MEND_SECONDS
        return len(mended)

    def _erase(self) -> int:
        with self._system.transaction() as session:
            waiting = session.execute(_ERASING, {"most": _BATCH}).all()
        done = 0
        for publisher_id, customer_id in waiting:
            with self._app.transaction(publisher_id) as session:
                done += finish_erasure(session, publisher_id=publisher_id, customer_id=customer_id, now=self._now())
        return done


def write_reminder(
    session: Session,
    publisher_id: str,
    kind: str,
    thing_id: str,
    occasion: str,
    *,
    defaults: MailDefaults,
    now: datetime,
) -> bool:
    """Write the mail of a reminder and note that it is done; False where another one is just doing that."""
    row = session.scalars(
        select(Reminder)
        .where(
            Reminder.publisher_id == publisher_id,
            Reminder.kind == kind,
            Reminder.thing_id == thing_id,
            Reminder.occasion == occasion,
            Reminder.done_at.is_(None),
        )
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None or row.due_at > now:
        return False
    row.done_at = now
    session.flush()
    if now < row.useless_from and not screen(session, publisher_id, [row.customer_id]).is_erased(row.customer_id):
        order = Order(
            kind,
            row.customer_id,
            f"{kind}/{thing_id}/{occasion}",
            row.facts or {},
            subscription_id=thing_id if thing_id.startswith("sub_") else None,
        )
        write_mail(session, order, publisher_id=publisher_id, defaults=defaults, now=now)
    return True

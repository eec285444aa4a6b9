"""The process that sends: takes what is due, hands it to the mail server, and writes down what became of it.

Killed anywhere, another one goes on. Only where the whole message had been sent and its answer was not yet written down
can a mail go out twice: then with the same Message-ID (docs/emails.md).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import Row
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.db.database import Database, is_transient
from servicekit.faults import reach
from services.notifications import kinds
from services.notifications.delivery.claims import (
    LEASE_SECONDS,
    Claim,
    Result,
    begin_hand_over,
    claim_mails,
    end_hand_over,
    files_of,
    keep_claims,
    let_go,
    waiting,
)
from services.notifications.delivery.port import (
    Deferred,
    File,
    InDoubt,
    NotSent,
    Outgoing,
    Rejected,
    Transport,
    Unreachable,
)
from services.notifications.rendering import LOGO

MAILS = Counter("notifications_mails_total", "Tries to hand over a mail, by what became of them.", ["result"])
_waiting = Gauge("notifications_mails_waiting", "Mails that are due and not sent yet.")
_oldest = Gauge("notifications_mails_oldest_seconds", "For how long the one of them is due that waits longest.")

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 480))
"""How long to wait after each try that the server put off; then the last one again and again."""
GIVEN_UP_AFTER = timedelta(days=2)
"""A mail that could not be delivered for so long is given up. RFC 5321 (4.5.4.1) asks for four or five days of a mail
server; what these mails tell is stale by then."""
_BATCH = 20
_IDLE_SECONDS = (0.05, 0.5)
_BACK_OFF_SECONDS = (0.5, 30.0)
_log = structlog.get_logger("sender")

Begun = tuple[Claim, Outgoing, Row[Any]]
"""A mail that is about to be handed over."""


class Sender:
    """Sends whatever is due. ``app`` is the role that sees one publisher, ``system`` the one that sees all.

    Any number of them share the work; ``sender_id`` is each one's own.
    """

    def __init__(
        self,
        app: Database,
        system: Database,
        transport: Transport,
        *,
        sender_id: str,
        now: Callable[[], datetime] = clock.now,
        batch: int = _BATCH,
    ) -> None:
        self._app = app
        self._system = system
        self._transport = transport
        self._sender = sender_id
        self._now = now
        self._batch = batch
        self._pause = _BACK_OFF_SECONDS[0]
        self._unwritten: list[tuple[Claim, Row[Any], Result]] = []
        self._holds_others = True
        """Whether it may have mails in hand that it doesn't know of: from an earlier life, or after a failure."""
        self.is_down = False
        """Whether the mail server could not be talked to at the last try."""

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, whatever database and mail server do meanwhile."""
        beat = threading.Thread(target=self._keep, args=(stop,), daemon=True)
        beat.start()
        idle = _IDLE_SECONDS[0]
        while not stop.is_set():
            try:
                done = self.step(stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("sending interrupted", error=type(error).__name__, retry_in=self._pause)
                self._wait(stop)
                continue
            if self.is_down:
                self._wait(stop)
                continue
            self._pause = _BACK_OFF_SECONDS[0]
            idle = _IDLE_SECONDS[0] if done else min(idle * 2, _IDLE_SECONDS[1])
            if not done:
                stop.wait(idle)
        self._transport.close()
        beat.join()

    def step(self, stop: threading.Event | None = None) -> int:
        """Send what is due, one batch of it; for how many mails the end was reached. Raises DBAPIError."""
        self._settle()
        self.is_down = False
        self._holds_others = True
        with self._system.transaction() as session:
            claims = claim_mails(session, sender=self._sender, now=self._now(), most=self._batch)
        reach("sender:claimed")
        done, left = 0, deque(claims)
        begun: Begun | None = None
        while begun or (left and not self._rests(stop)):
            begun = begun or self._begin(left.popleft())
            if begun is None:
                continue
            reach("sender:begun")
            result = self._try(*begun[1:])
            reach("sender:answered")
            self._unwritten.append((begun[0], begun[2], result))
            begun = self._write_down(None if self._rests(stop) else left)
            reach("sender:written")
            MAILS.labels(result.failure_code or result.status).inc()
            done += result.status != kinds.QUEUED
        if claims and self._rests(stop):
            self._let_go()
        self._holds_others = False
        return done

    def measure(self) -> None:
        """Tell the figures of what waits."""
        with self._system.transaction() as session:
            count, oldest = waiting(session, self._now())
        _waiting.set(count)
        _oldest.set(oldest)

    def _rests(self, stop: threading.Event | None) -> bool:
        """Whether nothing more is to be begun now."""
        return self.is_down or (stop is not None and stop.is_set())

    def _begin(self, claim: Claim) -> Begun | None:
        """Note that this one is next; None if it is in somebody else's hands by now."""
        with self._app.transaction(claim.publisher_id) as session:
            return self._read(session, claim, alone=True)

    def _read(self, session: Session, claim: Claim, *, alone: bool) -> Begun | None:
        row = begin_hand_over(session, claim, sender=self._sender, now=self._now(), alone=alone)
        return None if row is None else (claim, outgoing(row, *files_of(session, row)), row)

    def _try(self, mail: Outgoing, row: Row[Any]) -> Result:
        try:
            self._transport.send(mail)
        except Unreachable as error:
            self.is_down = True
            _log.warning("mail server not reachable", code=error.code)
            # No message's fault: it stays due, and its time to be given up runs all the same.
            return self._later(row, error, at=self._now(), counts=False)
        except Rejected as error:
            return Result(kinds.FAILED, failure_code=error.code, failure=error.words)
        except InDoubt as error:
            self.is_down = True
            return self._later(row, error, at=self._now() + RETRIES[0], in_doubt=True)
        except Deferred as error:
            return self._later(row, error, at=self._now() + RETRIES[min(row.attempts, len(RETRIES)) - 1])
        return Result(kinds.SENT)

    def _later(
        self, row: Row[Any], error: NotSent, *, at: datetime, in_doubt: bool = False, counts: bool = True
    ) -> Result:
        """Try again, unless that was tried for long enough; one put off stays with its reason."""
        if counts and self._now() - row.created_at >= GIVEN_UP_AFTER and row.attempts > 1:
            return Result(kinds.FAILED, failure_code="given_up", failure=error.words, in_doubt=in_doubt)
        return Result(
            kinds.QUEUED,
            due_at=at,
            failure_code=error.code,
            failure=error.words if counts else None,
            in_doubt=in_doubt,
            counts=counts,
        )

    def _settle(self) -> None:
        """First what is known and could not be written down; then let go of whatever else is in this one's hands."""
        self._write_down()
        if self._holds_others:
            self._let_go()

    def _write_down(self, left: deque[Claim] | None = None) -> Begun | None:
        """Write down what is known, at once and before anything else is handed over. The next one of ``left`` is begun
        with that, in the same transaction, if it is of the same publisher."""
        begun = None
        while self._unwritten:
            claim, row, result = self._unwritten[0]
            following = left[0] if left and len(self._unwritten) == 1 else None
            if following is not None and following.publisher_id != claim.publisher_id:
                following = None
            with self._app.transaction(claim.publisher_id) as session:
                end_hand_over(session, claim, row, result, now=self._now())
                if following is not None:
                    begun = self._read(session, following, alone=False)
            self._unwritten.pop(0)
            if left and following is not None:
                left.popleft()
        return begun

    def _let_go(self) -> None:
        with self._system.transaction() as session:
            let_go(session, sender=self._sender)
        self._holds_others = False

    def _keep(self, stop: threading.Event) -> None:
        while not stop.wait(LEASE_SECONDS / 4):
            try:
                with self._system.transaction() as session:
                    keep_claims(session, sender=self._sender)
            except Exception as error:  # noqa: BLE001 - the database is in trouble: the sender itself tells
                _log.warning("claims not kept", error=type(error).__name__)

    def _wait(self, stop: threading.Event) -> None:
        stop.wait(self._pause)
        self._pause = min(self._pause * 2, _BACK_OFF_SECONDS[1])


def outgoing(row: Row[Any], logo: Row[Any] | None, attached: Any) -> Outgoing:
    """A mail's row as what a transport takes."""
    return Outgoing(
        email_id=row.id,
        message_id=row.message_id,
        from_address=row.from_address,
        from_name=row.from_name,
        reply_to=row.reply_to,
        to_address=row.to_address,
        to_name=row.to_name,
        subject=row.subject,
        html=row.html,
        text=row.text,
        language=row.language,
        seconds=row.created_at.timestamp(),
        logo=None if logo is None else File(LOGO, logo.media_type, logo.content),
        attachments=tuple(File(file.file_name, file.media_type, file.content) for file in attached),
    )

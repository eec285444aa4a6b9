"""The relay's loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from threading import Event as Stop
from threading import Thread

import structlog
from sqlalchemy.orm import Session

from servicekit import clock, metrics
from servicekit.bus import Publisher, Topology
from servicekit.db.database import Database
from servicekit.faults import reach
from servicekit.relay.held_rows import held_types, hold_behind, hold_returned, read_held
from servicekit.relay.housekeeping import Housekeeping
from servicekit.relay.leases import LEASE_SECONDS, Leases, keep_leases, release_leases
from servicekit.relay.outbox_rows import Waiting, read_waiting, settle
from servicekit.relay.retention import Retention
from servicekit.relay.routes import RETRY_SECONDS, Routes
from servicekit.relay.sending import Sent, send

CONFIRM_TIMEOUT = 5.0
SEND_SECONDS = 2.5
"""How long a pass begins further waves: with the last one's time limit and the lease's age less than a lease."""

POLL_SECONDS = (0.005, 0.25)
BACK_OFF_SECONDS = (0.1, 5.0)
_RENEW_SHARE = 10  # a lease is renewed after one in so many of its time
_HEARTBEAT_EVERY = 1.0
_LOOK_FOR_HELD_EVERY = 1.0
_HELD_SHARE = 5  # of a batch, one in so many may be events that were held, whatever else waits
_MOST_READS = 4  # of a pass, for something that may leave

_log = structlog.get_logger(__name__)


class Relay:
    """Sends what is in the outbox, in order for each aggregate, and moves it to the event log when it is confirmed.

    ``database`` is the role ``system``. Any number of relays share the work; ``worker_id`` is each one's own.
    A relay that is killed at any point loses nothing: what it had not settled is sent again. One that starts
    again under the same name goes on at once, otherwise its shards are taken over when their leases expire.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        topology: Topology,
        *,
        worker_id: str,
        batch: int = 500,
        now: Callable[[], datetime] = clock.now,
        retention: Retention | None = None,
        lease_seconds: float = LEASE_SECONDS,
        send_seconds: float = SEND_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._topology = topology
        self._worker = worker_id
        self._batch = batch
        kept = retention if retention is not None else Retention()
        self._housekeeping = Housekeeping(database, retention=kept, now=now)
        self._lease_seconds = lease_seconds
        self._send_seconds = send_seconds
        self._routes = Routes(retry_seconds=retry_seconds)
        self._leases = Leases({})
        self._fresh = True
        self._crowded = False
        self._interrupted = False
        self._due: dict[str, float] = {}

    def step(self) -> int:
        """One pass over the relay's shards; how many events it settled. Raises when the database is in trouble."""
        self._keep_leases()
        reach("relay:claimed")
        events = self._read()
        if not events:
            return 0
        return self._settle(self._send(events))

    def work_off(self, beside: Executor, stop: Stop) -> int:
        """As ``step``, and on while whole batches wait: until ``stop`` is set, or what is held has its turn.

        While a batch is on its way to the queue, ``beside`` settles the one before it and reads the one after. That
        one is sent only if all of this one was confirmed: nothing overtakes an event of its aggregate.
        """
        until = time.monotonic() + _LOOK_FOR_HELD_EVERY
        self._keep_leases()
        reach("relay:claimed")
        events, before, settled = self._read(), Sent(), 0
        while events:
            going_on = len(events) >= self._batch and not stop.is_set() and time.monotonic() < until
            around = beside.submit(self._settle_and_read, before, events if going_on else None)
            sent = self._send(events)
            done, following = around.result()
            settled += done
            if done < len(before.done):
                return settled  # another relay has taken over: its log has to have those before these
            if not following or len(sent.done) < len(events):
                return settled + self._settle(sent)
            before, events = sent, following
            self._keep_leases()
        return settled

    def run(self, stop: Stop) -> None:
        """Work until ``stop`` is set, whatever the database and the queue do meanwhile; then release the leases."""
        housekeeping = Thread(target=self._housekeeping.run, args=(stop,), name="housekeeping", daemon=True)
        housekeeping.start()
        with ThreadPoolExecutor(1, "relay") as beside:
            self._send_until(stop, beside)
        self.close()
        housekeeping.join()

    def _send_until(self, stop: Stop, beside: Executor) -> None:
        pause, back_off = POLL_SECONDS[0], BACK_OFF_SECONDS[0]
        while not stop.is_set():
            try:
                settled = self.work_off(beside, stop)
                if settled:
                    back_off = BACK_OFF_SECONDS[0]
                else:
                    self._keep_alive()
            except Exception as error:
                metrics.RELAY_FAILURES.inc()
                _log.warning("relay pass failed", error=_describe(error), retry_in=back_off)
                self._interrupted = True
            if self._interrupted:
                self._interrupted = False
                stop.wait(back_off)
                back_off = min(back_off * 2, BACK_OFF_SECONDS[1])
                continue
            back_off = BACK_OFF_SECONDS[0]
            pause = POLL_SECONDS[0] if settled else min(pause * 2, POLL_SECONDS[1])
            if settled < self._batch // 2 and not self._crowded:
                stop.wait(pause)

    def close(self) -> None:
        """Let other relays have the shards at once, and give the connection to the queue back."""
        try:
            with self._database.transaction() as session:
                release_leases(session, self._worker)
        except Exception as error:
            _log.warning("leases not released, they expire", seconds=self._lease_seconds, error=_describe(error))
        self._leases, self._fresh = Leases({}), True
        self._due.clear()
        self._routes.forget()
        self._publisher.close()

    def _keep_leases(self) -> None:
        if not self._is_due("leases", self._lease_seconds / _RENEW_SHARE):
            return
        try:
            with self._database.transaction() as session:
                self._leases = keep_leases(session, self._worker, fresh=self._fresh, seconds=self._lease_seconds)
        except Exception:
            self._due.pop("leases", None)
            raise
        self._fresh = False
        metrics.RELAY_SHARDS.set(len(self._leases.fences))

    def _read(self) -> list[Waiting]:
        if not self._leases.fences:
            return []
        with self._database.transaction() as session:
            events = self._read_free(session)
            if self._is_due("held", _LOOK_FOR_HELD_EVERY):
                self._routes.found(held_types(session))
            room = max(self._batch - len(events), self._batch // _HELD_SHARE, 1)
            for event_type, everything in self._routes.to_try().items():
                held = read_held(session, self._leases, event_type, room if everything else 1)
                if not held:
                    self._routes.nothing_held(event_type)
                events += held
                room = max(room - len(held), 1)
        return sorted(events, key=lambda event: event.seq)

    def _read_free(self, session: Session) -> list[Waiting]:
        """What may leave now; what comes behind a held one of its aggregate is held too, and read only this once."""
        for _ in range(_MOST_READS):
            events = read_waiting(session, self._leases, self._batch)
            behind = [event for event in events if event.waits_for is not None]
            if behind:
                hold_behind(session, self._worker, self._leases, behind)
            self._crowded = len(behind) == self._batch
            if not self._crowded:
                break
        return [event for event in events if event.waits_for is None]

    def _send(self, events: list[Waiting]) -> Sent:
        reach("relay:read")
        sent = send(self._publisher, self._topology, events, timeout=CONFIRM_TIMEOUT, seconds=self._send_seconds)
        self._interrupted = sent.interrupted
        self._routes.learn(sent)
        reach("relay:published")
        return sent

    def _settle_and_read(self, before: Sent, on_their_way: list[Waiting] | None) -> tuple[int, list[Waiting]]:
        settled = self._settle(before)
        if on_their_way is None:
            return settled, []
        with self._database.transaction() as session:
            events = read_waiting(session, self._leases, self._batch, but=on_their_way)
        return settled, [event for event in events if event.waits_for is None]

    def _settle(self, sent: Sent) -> int:
        if not sent.done and not sent.unroutable:
            return 0
        settled = 0
        with self._database.transaction() as session:
            if sent.done:
                settled = settle(session, self._worker, self._leases, sent.done)
            if sent.unroutable:
                hold_returned(session, self._worker, self._leases, sent.unroutable)
            reach("relay:settling")
        reach("relay:settled")
        metrics.EVENTS_SETTLED.inc(settled)
        if settled < len(sent.done):
            _log.warning("another relay has taken over", confirmed=len(sent.done), settled=settled)
            self._due.pop("leases", None)
        for event_type in sorted({event.type for event in sent.unroutable}):
            _log.error("no queue takes this type, though the topology says that one does", event_type=event_type)
        return settled

    def _keep_alive(self) -> None:
        if self._is_due("heartbeat", _HEARTBEAT_EVERY):
            self._publisher.publish([], timeout=CONFIRM_TIMEOUT)

    def _is_due(self, what: str, every: float) -> bool:
        present = time.monotonic()
        if present < self._due.get(what, 0.0):
            return False
        self._due[what] = present + every
        return True


def _describe(error: BaseException) -> str:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__

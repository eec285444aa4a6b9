"""A worker: takes events from its queue, has them handled, and acknowledges last."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event as Stop

import structlog

from servicekit import bus
from servicekit.db.database import Database
from servicekit.dispatch import Dispatcher
from servicekit.events import Event, MalformedEvent
from servicekit.faults import reach
from servicekit.metrics import CONSUMER_RETRIES, EVENTS_HANDLED, HANDLER_SECONDS
from servicekit.parking import NO_EVENT, describe, park
from servicekit.subscriptions import Erasure, Subscriptions, may_succeed_later

BACK_OFF_SECONDS = (0.1, 10.0)
_STOP_CHECK_SECONDS = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Received:
    delivery: bus.Delivery
    event: Event | None
    """None where the message is no event of ours."""


class EventConsumer:
    """Handles one queue's events, a batch of one publisher's in one transaction as the role ``app``.

    A message that can't be handled is parked (as ``system``, which may for every publisher) and its neighbors
    go on. A transient failure acknowledges nothing: the same messages are tried again from memory, so that no
    redelivery is burned. Everything may happen twice, and handlers see it once (``State`` guards itself).
    """

    def __init__(
        self,
        *,
        name: str,
        consumer: bus.Consumer,
        app: Database,
        system: Database,
        subscriptions: Subscriptions,
        batch: int = 100,
    ) -> None:
        self.dispatcher = Dispatcher(name, subscriptions)
        self._name = name
        self._consumer = consumer
        self._app = app
        self._system = system
        self._batch = batch
        self._stop = Stop()

    def step(self, timeout: float) -> int:
        """Wait up to ``timeout`` seconds for messages and have them handled; how many were acknowledged.

        Stays as long as a transient failure lasts. Raises BusUnavailable: the messages then come again.
        """
        deliveries = self._consumer.receive(limit=self._batch, timeout=timeout)
        if not deliveries:
            return 0
        reach("worker:received")
        return self._work_off(deque(self._group(deliveries)))

    def run(self, stop: Stop) -> None:
        """Work until ``stop`` is set, whatever database and queue do meanwhile; then close the consumer."""
        self._stop = stop
        back_off = BACK_OFF_SECONDS[0]
        while not stop.is_set():
            try:
                self.step(timeout=_STOP_CHECK_SECONDS)
                back_off = BACK_OFF_SECONDS[0]
            except Exception as error:
                # What was in hand is no longer in memory: it has to come again.
                self._consumer.close()
                _log.warning("worker interrupted", consumer=self._name, error=describe(error), retry_in=back_off)
                stop.wait(back_off)
                back_off = min(back_off * 2, BACK_OFF_SECONDS[1])
        self._consumer.close()

    def _group(self, deliveries: Sequence[bus.Delivery]) -> list[list[_Received]]:
        """Each publisher's events together, in their order; what is no event alone."""
        groups: list[list[_Received]] = []
        by_publisher: dict[str, list[_Received]] = {}
        for delivery in deliveries:
            try:
                event = Event.from_json(delivery.message.body)
            except MalformedEvent:
                groups.append([_Received(delivery, None)])
                continue
            if event.publisher_id not in by_publisher:
                by_publisher[event.publisher_id] = []
                groups.append(by_publisher[event.publisher_id])
            by_publisher[event.publisher_id].append(_Received(delivery, event))
        return groups

    def _work_off(self, groups: deque[list[_Received]]) -> int:
        """Handle group after group; one that fails is taken apart, and what fails for now is tried again."""
        acknowledged = 0
        done: list[bus.Delivery] = []
        back_off = BACK_OFF_SECONDS[0]
        while groups and not self._stop.is_set():
            try:
                parts = self._attempt(groups[0])
            except Exception as error:
                if not may_succeed_later(error):
                    raise
                acknowledged += self._acknowledge(done)
                CONSUMER_RETRIES.labels(self._name).inc()
                _log.warning("trying again", consumer=self._name, error=describe(error), retry_in=back_off)
                self._pause(back_off)
                back_off = min(back_off * 2, BACK_OFF_SECONDS[1])
                continue
            back_off = BACK_OFF_SECONDS[0]
            group = groups.popleft()
            if parts:
                groups.extendleft(reversed(parts))
            else:
                done += [received.delivery for received in group]
        return acknowledged + self._acknowledge(done)

    def _attempt(self, group: list[_Received]) -> list[list[_Received]]:
        """Nothing when these messages are done with; else the smaller groups to try instead.

        Raises what may go away by itself.
        """
        try:
            self._handle([received.event for received in group if received.event is not None])
        except Exception as error:
            if may_succeed_later(error):
                raise
            if len(group) > 1:
                return [[received] for received in group]
            self._park(group[0], describe(error))
        else:
            if group[0].event is None:
                self._park(group[0], NO_EVENT)
        return []

    def _handle(self, events: Sequence[Event]) -> None:
        """One publisher's events in one transaction; types that nobody subscribed to are ignored."""
        known = [event for event in events if event.type in self.dispatcher.subscriptions]
        EVENTS_HANDLED.labels(self._name, "ignored").inc(len(events) - len(known))
        if not known:
            return
        publisher_id = known[0].publisher_id
        with HANDLER_SECONDS.labels(self._name).time():
            with self._app.transaction(publisher_id) as session:
                self.dispatcher.dispatch(session, publisher_id, known)
                reach("worker:handled")
            reach("worker:committed")
        EVENTS_HANDLED.labels(self._name, "handled").inc(len(known))

    def _park(self, received: _Received, reason: str) -> None:
        message = received.delivery.message
        event = received.event
        erasure = event is not None and isinstance(self.dispatcher.subscriptions.get(event.type), Erasure)
        with self._system.transaction() as session:
            row_id = park(session, consumer=self._name, body=message.body, reason=reason, tells_of_erasure=erasure)
        if row_id is None:
            EVENTS_HANDLED.labels(self._name, "erased").inc()
            _log.warning("message of an erased person dropped", consumer=self._name, event_type=message.type)
            return
        EVENTS_HANDLED.labels(self._name, "parked").inc()
        _log.error("message parked", consumer=self._name, parked=row_id, event_type=message.type, reason=reason)

    def _acknowledge(self, done: list[bus.Delivery]) -> int:
        count = len(done)
        if count:
            self._consumer.acknowledge(done)
            reach("worker:acknowledged")
            done.clear()
        return count

    def _pause(self, seconds: float) -> None:
        """In slices, so that a stop is noticed soon."""
        while seconds > 0 and not self._stop.is_set():
            self._consumer.pause(seconds=min(seconds, _STOP_CHECK_SECONDS))
            seconds -= _STOP_CHECK_SECONDS

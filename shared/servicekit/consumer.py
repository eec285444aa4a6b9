"""A worker: takes events from its queue, has them handled, and acknowledges last."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event as Stop

import structlog

from servicekit import bus
from servicekit.db.database import Database
from servicekit.dispatch import Dispatcher
from servicekit.events import Event, MalformedEvent
from servicekit.faults import reach
from servicekit.in_hand import BACK_OFF_SECONDS, MOST_FAILURES, Group, InHand, Received
from servicekit.metrics import CONSUMER_RETRIES, EVENTS_HANDLED, HANDLER_SECONDS
from servicekit.parking import NO_EVENT, describe, park
from servicekit.subscriptions import Erasure, Subscriptions, is_the_databases, may_succeed_later

_STOP_CHECK_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class EventConsumer:
    """Handles one queue's events, a batch of one publisher's in one transaction as the role ``app``.

    A message that can't be handled is parked (as ``system``, which may for every publisher) and its neighbors
    go on. What fails for now is not acknowledged but tried again from memory, so that no redelivery is burned: with
    the database down for as long as that lasts; else beside what comes in, and parked if it alone keeps failing.
    Everything may happen twice, and handlers see it once (``State`` guards itself).
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
        back_off: tuple[float, float] = BACK_OFF_SECONDS,
    ) -> None:
        self.dispatcher = Dispatcher(name, subscriptions)
        self._name = name
        self._consumer = consumer
        self._app = app
        self._system = system
        self._batch = batch
        self._back_off = back_off
        self._in_hand = InHand(back_off=back_off)
        self._outages = 0
        self._stop = Stop()

    def step(self, timeout: float) -> int:
        """Wait up to ``timeout`` seconds for messages and have them handled; how many were acknowledged.

        What fails for now stays in hand for later steps. Raises BusUnavailable: the messages then come again.
        """
        try:
            self._receive(timeout)
            return self._work_off()
        except BaseException:
            self._in_hand.clear()
            raise

    def run(self, stop: Stop) -> None:
        """Work until ``stop`` is set, whatever database and queue do meanwhile; then close the consumer."""
        self._stop = stop
        back_off = self._back_off[0]
        while not stop.is_set():
            try:
                self.step(timeout=_STOP_CHECK_SECONDS)
                back_off = self._back_off[0]
            except Exception as error:
                # What was in hand is no longer in memory: it has to come again.
                self._consumer.close()
                _log.warning("worker interrupted", consumer=self._name, error=describe(error), retry_in=back_off)
                stop.wait(back_off)
                back_off = min(back_off * 2, self._back_off[1])
        self._in_hand.clear()
        self._consumer.close()

    def _receive(self, timeout: float) -> None:
        room = self._batch - len(self._in_hand)
        wait = min(timeout, self._in_hand.seconds_until_due()) if len(self._in_hand) else timeout
        if room <= 0:
            self._pause(wait)
            return
        deliveries = self._consumer.receive(limit=room, timeout=wait)
        if deliveries:
            reach("worker:received")
            self._in_hand.add(self._group(deliveries))

    def _group(self, deliveries: Sequence[bus.Delivery]) -> list[Group]:
        """Each publisher's events together, in their order; what is no event alone."""
        groups: list[Group] = []
        by_publisher: dict[str, Group] = {}
        for delivery in deliveries:
            try:
                event = Event.from_json(delivery.message.body)
            except MalformedEvent:
                groups.append(Group([Received(delivery, None)]))
                continue
            if event.publisher_id not in by_publisher:
                by_publisher[event.publisher_id] = Group([])
                groups.append(by_publisher[event.publisher_id])
            by_publisher[event.publisher_id].messages.append(Received(delivery, event))
        return groups

    def _work_off(self) -> int:
        """Try each group that is due once, and acknowledge what is done with."""
        acknowledged = 0
        done: list[bus.Delivery] = []
        groups = self._in_hand.take_due()
        while groups and not self._stop.is_set():
            group = groups.popleft()
            try:
                parts = self._attempt(group)
            except Exception as error:
                if not may_succeed_later(error):
                    raise
                acknowledged += self._acknowledge(done)
                CONSUMER_RETRIES.labels(self._name).inc()
                _log.warning("trying again", consumer=self._name, error=describe(error), messages=len(group.messages))
                if not self._answers():
                    self._in_hand.put_back([group, *groups])
                    self._sit_out()
                    return acknowledged
                if self._in_hand.set_back(group, suspicious=is_the_databases(error)):
                    self._park(group.messages[0], f"{describe(error)} ({MOST_FAILURES} times, and others succeeded)")
                    done.append(group.messages[0].delivery)
                continue
            if parts:
                groups.extendleft(Group([received]) for received in reversed(parts))
            else:
                done += [received.delivery for received in group.messages]
        self._in_hand.put_back(groups)
        return acknowledged + self._acknowledge(done)

    def _answers(self) -> bool:
        """Whether the database does: if not, no message is to blame."""
        try:
            self._app.ping()
        except Exception:  # noqa: BLE001 - whatever it is, the database is no use now
            return False
        self._outages = 0
        return True

    def _sit_out(self) -> None:
        """Wait a little, the longer the longer it lasts."""
        shortest, longest = self._back_off
        self._pause(min(shortest * 2.0 ** min(self._outages, 30), longest))
        self._outages += 1

    def _attempt(self, group: Group) -> list[Received]:
        """Nothing when these messages are done with; else each of them is to be tried alone.

        Raises what may go away by itself.
        """
        messages = group.messages
        try:
            self._handle([received.event for received in messages if received.event is not None])
        except Exception as error:
            if may_succeed_later(error):
                raise
            if len(messages) > 1:
                return messages
            self._park(messages[0], describe(error))
        else:
            if messages[0].event is None:
                self._park(messages[0], NO_EVENT)
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
        self._in_hand.note_success()
        self._outages = 0
        EVENTS_HANDLED.labels(self._name, "handled").inc(len(known))

    def _park(self, received: Received, reason: str) -> None:
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

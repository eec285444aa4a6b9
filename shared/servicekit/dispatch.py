"""Running one publisher's events through a service's subscriptions, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from servicekit.events import Event
from servicekit.inbox import take_in
from servicekit.parking import forget_parked
from servicekit.screening import Screen, note_erased, screen
from servicekit.subscriptions import Effect, Effects, Erasure, State, Subscriptions
from servicekit.tracing import span


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """A consumer's name, by which its inbox goes, and its subscriptions."""

    name: str
    subscriptions: Subscriptions

    def dispatch(self, session: Session, publisher_id: str, events: Sequence[Event]) -> None:
        """Hand ``events``, in their order, to their handlers; all are of ``publisher_id`` and subscribed to.

        States and ``Effects`` that follow one another are handed over together, each handler's in their order. Raises
        what a handler raises.
        """
        seen = self.screen(session, publisher_id, events)
        fresh = self._take_in(session, publisher_id, events, seen)
        together: list[tuple[State | Effects, Event]] = []
        for given in events:
            subscription = self.subscriptions[given.type]
            event = replace(given, datasubject=seen.resolve(given.datasubject))
            if not isinstance(subscription, State):
                if given.id not in fresh:
                    continue
                fresh.remove(given.id)
            if not isinstance(subscription, Erasure) and seen.is_erased(given.datasubject):
                continue
            if isinstance(subscription, (State, Effects)):
                together.append((subscription, event))
                continue
            _hand_over(session, together)
            together.clear()
            self._handle(session, subscription, event, seen)
        _hand_over(session, together)

    def screen(self, session: Session, publisher_id: str, events: Sequence[Event]) -> Screen:
        """Look up the people whom ``events`` are about, and hold off until the commit what must not come between."""
        people = {event.datasubject for event in events if event.datasubject is not None}
        erasing = {
            event.datasubject
            for event in events
            if event.datasubject is not None and isinstance(self.subscriptions[event.type], Erasure)
        }
        return screen(session, publisher_id, people, erasing=erasing)

    def _take_in(self, session: Session, publisher_id: str, events: Sequence[Event], seen: Screen) -> set[str]:
        """The ids of effects and erasures not handled before."""
        once = []
        for event in events:
            subscription = self.subscriptions[event.type]
            if isinstance(subscription, Erasure) or (
                isinstance(subscription, (Effect, Effects)) and not seen.is_erased(event.datasubject)
            ):
                once.append(event.id)
        return take_in(session, consumer=self.name, publisher_id=publisher_id, event_ids=once)

    def _handle(self, session: Session, subscription: Effect | Erasure, event: Event, seen: Screen) -> None:
        with span(event.traceparent):
            subscription.handle(session, event)
        if isinstance(subscription, Erasure) and event.datasubject is not None:
            note_erased(session, event.publisher_id, event.datasubject)
            # Another service's word that it has erased its part is not done by this one's.
            others = {name for name, kind in self.subscriptions.items() if isinstance(kind, Erasure)} - {event.type}
            forget_parked(session, publisher_id=event.publisher_id, datasubject=event.datasubject, keep=others)
            seen.erased.add(event.datasubject)


def _hand_over(session: Session, together: Sequence[tuple[State | Effects, Event]]) -> None:
    by_handler: dict[State | Effects, list[Event]] = {}
    for subscription, event in together:
        by_handler.setdefault(subscription, []).append(event)
    for subscription, events in by_handler.items():
        with span(events[-1].traceparent):
            subscription.handle(session, events)

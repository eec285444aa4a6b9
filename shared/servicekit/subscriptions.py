"""What a service does with the events of others: the words of its table ``SUBSCRIPTIONS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from servicekit.bus import BusUnavailable
from servicekit.db.database import is_transient
from servicekit.events import Event


class Transient(Exception):
    """Raised by a handler: something it needs is down, and the same message may succeed later."""


@dataclass(frozen=True, slots=True)
class State:
    """Keeps a copy of others' state. ``handle`` gets one publisher's events together and ignores older versions
    of what it has by itself: events come late, repeated, and not in order across types."""

    handle: Callable[[Session, Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class Effect:
    """Does something once for each event (a message, a line in a timeline), however old it is; the kit knows which
    events were handled."""

    handle: Callable[[Session, Event], None]


@dataclass(frozen=True, slots=True)
class Effects:
    """As ``Effect``, but ``handle`` gets those that follow one another together, each once, in their order: where many
    can be done at the price of one."""

    handle: Callable[[Session, Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases a person (the event's ``datasubject``). Once for each event, and the only kind that gets events of people
    already erased. That they are erased is noted by the kit in the same transaction, and what is parked of
    them goes."""

    handle: Callable[[Session, Event], None]


Subscription = State | Effect | Effects | Erasure
Subscriptions = Mapping[str, Subscription]


def may_succeed_later(error: BaseException) -> bool:
    """Whether a handler's failure says nothing about the message: database, queue or another service in trouble."""
    return any(_is_trouble_elsewhere(link) or is_transient(link) for link in _causes(error))


def is_the_databases(error: BaseException) -> bool:
    """Whether a failure that may pass is the database's, and not what a handler says of something else it needs.

    If the database answers and takes other messages, such a failure may be the message's own after all: it may
    time out each time, say.
    """
    for link in _causes(error):
        if _is_trouble_elsewhere(link):
            return False
        if is_transient(link):
            return True
    return False


def _is_trouble_elsewhere(error: BaseException) -> bool:
    return isinstance(error, (Transient, BusUnavailable, ConnectionError, TimeoutError))


def _causes(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__

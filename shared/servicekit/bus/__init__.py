"""The port between the relay, the queue and the workers. Adapters: ``amqp`` (RabbitMQ) and ``inprocess``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class BusUnavailable(Exception):
    """The queue can't be reached or stopped answering. Trying again later may work."""


@dataclass(frozen=True, slots=True)
class Message:
    """What travels: ``type`` is the routing key, ``body`` the CloudEvent in structured JSON."""

    id: str
    type: str
    body: bytes
    headers: Mapping[str, str]


class Outcome(Enum):
    """What became of one published message."""

    CONFIRMED = "confirmed"  # every queue bound to its type has it, durably
    RETURNED = "returned"  # no queue takes its type
    REFUSED = "refused"  # the broker said no (queue full, or broker in trouble): try again later
    UNKNOWN = "unknown"  # no answer in time, or connection lost: it may or may not be there


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message handed to a consumer, and the adapter's own handle to acknowledge it by."""

    message: Message
    redelivered: bool
    handle: object


@dataclass(frozen=True, slots=True)
class Topology:
    """Which queues there are and which event types each takes. Types are exact, or patterns as topic exchanges know."""

    exchange: str
    queues: Mapping[str, Sequence[str]]

    def takes(self, event_type: str) -> bool:
        """Whether at least one queue takes this type; one that none takes goes to the event log only."""
        return any(_matches(pattern, event_type) for patterns in self.queues.values() for pattern in patterns)

    def queues_for(self, event_type: str) -> list[str]:
        """The queues that take this type."""
        return [
            queue
            for queue, patterns in self.queues.items()
            if any(_matches(pattern, event_type) for pattern in patterns)
        ]


class Publisher(Protocol):
    """Sends messages. Not safe for use by several threads; a failed one may be used again and reconnects."""

    def publish(self, messages: Sequence[Message], *, timeout: float) -> list[Outcome]:
        """Send all, wait for the answers up to ``timeout`` seconds, one outcome for each in order.

        Never raises for a queue that is down: every outcome is then ``UNKNOWN``. Without messages it only keeps
        the connection alive, which an idle publisher needs every few seconds.
        """

    def close(self) -> None:
        """Give the connection back."""


class Consumer(Protocol):
    """Receives the messages of one queue, in order for each subject as far as first deliveries go."""

    def receive(self, *, limit: int, timeout: float) -> list[Delivery]:
        """Up to ``limit`` messages, waiting ``timeout`` seconds at most for the first.

        Messages received and not acknowledged come again after ``close`` or a crash.
        Raises BusUnavailable.
        """

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """These are done for good. Raises BusUnavailable; they then come again.

        On a connection that has just broken it may be lost without an error; then, too, they come again.
        """

    def pause(self, *, seconds: float) -> None:
        """Take nothing new for so long, keeping the connection alive and what was received unburned.

        Raises BusUnavailable if the connection is lost meanwhile.
        """

    def close(self) -> None:
        """Stop receiving; what is not acknowledged goes back to the queue."""


class Bus(Protocol):
    """A queue system: declares its topology once, then gives out publishers and consumers."""

    def declare(self, topology: Topology) -> None:
        """Create what is missing; doing it again changes nothing. Raises BusUnavailable."""

    def publisher(self) -> Publisher:
        """A new publisher; it connects when first used."""

    def consumer(self, queue: str, *, prefetch: int = 200) -> Consumer:
        """A new consumer of a declared queue; it connects when first used."""

    def depth(self, queue: str) -> int:
        """How many messages wait in the queue; where the system can tell (RabbitMQ can't, over AMQP), those in a
        consumer's hands are counted too. Raises BusUnavailable."""


def _matches(pattern: str, event_type: str) -> bool:
    """Topic exchange matching: ``*`` is one word, ``#`` any number of words."""
    return _match_words(pattern.split("."), event_type.split("."))


def _match_words(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_match_words(pattern[1:], words[skip:]) for skip in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _match_words(pattern[1:], words[1:])

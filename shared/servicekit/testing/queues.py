"""A queue in memory whose every answer the test decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from servicekit.bus import Delivery, Message, Outcome


class ScriptedPublisher:
    """Keeps what reaches the queue in ``arrived``; ``decide`` says the outcome of each message.

    A message of unknown outcome arrives as well unless ``lost`` says that it got lost.
    """

    def __init__(self, decide: Callable[[Message], Outcome] = lambda _message: Outcome.CONFIRMED) -> None:
        self.decide = decide
        self.lost: Callable[[Message], bool] = lambda _message: False
        self.arrived: list[Message] = []

    def publish(self, messages: Sequence[Message], *, timeout: float) -> list[Outcome]:  # noqa: ARG002
        """As the port says."""
        return [self._publish(message) for message in messages]

    def close(self) -> None:
        """Nothing to close."""

    def _publish(self, message: Message) -> Outcome:
        outcome = self.decide(message)
        if outcome is Outcome.CONFIRMED or (outcome is Outcome.UNKNOWN and not self.lost(message)):
            self.arrived.append(message)
        return outcome

    @property
    def ids(self) -> list[str]:
        """The ids of what arrived, repetitions too."""
        return [message.id for message in self.arrived]


class MemoryQueue:
    """A queue in memory, seen by one consumer at a time: what is not acknowledged comes again after ``close``."""

    def __init__(self) -> None:
        self.waiting: list[Message] = []
        self.acknowledged: list[Message] = []
        self.pauses: list[float] = []
        self._open: dict[int, Message] = {}
        self.handed_out = 0
        """How many messages were received, those that came again counted again."""

    def put(self, *messages: Message) -> None:
        """Messages arrive, in this order."""
        self.waiting.extend(messages)

    def receive(self, *, limit: int, timeout: float) -> list[Delivery]:  # noqa: ARG002
        """As the port says, but never waits."""
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        deliveries = []
        for message in taken:
            self.handed_out += 1
            self._open[self.handed_out] = message
            deliveries.append(Delivery(message, redelivered=False, handle=self.handed_out))
        return deliveries

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """As the port says."""
        for delivery in deliveries:
            self.acknowledged.append(self._open.pop(cast("int", delivery.handle)))

    def pause(self, *, seconds: float) -> None:
        """As the port says, but takes no time."""
        self.pauses.append(seconds)

    def close(self) -> None:
        """As the port says."""
        self.waiting = [*self._open.values(), *self.waiting]
        self._open.clear()

    @property
    def is_empty(self) -> bool:
        """Whether every message was acknowledged."""
        return not self.waiting and not self._open

"""A queue in memory whose every answer the test decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from servicekit.bus import Message, Outcome


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

"""What really passes the bus is held against the contract, in every test that runs the whole product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from servicekit.bus import Message, Outcome, Publisher
from tools.contracts import validate_event


@dataclass(frozen=True, slots=True)
class CheckedPublisher:
    """A publisher that raises BrokenContract instead of sending what isn't as the contract says."""

    inner: Publisher
    passed: set[str] = field(default_factory=set)
    """The types of the events that were sent."""

    def publish(self, messages: Sequence[Message], *, timeout: float) -> list[Outcome]:
        """As the port says."""
        for message in messages:
            validate_event(message.body)
            self.passed.add(message.type)
        return self.inner.publish(messages, timeout=timeout)

    def close(self) -> None:
        """As the port says."""
        self.inner.close()

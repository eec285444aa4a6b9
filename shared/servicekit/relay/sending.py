"""Sending a batch so that first deliveries leave in order for each aggregate."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from servicekit.bus import Message, Outcome, Publisher, Topology
from servicekit.metrics import EVENTS_PUBLISHED
from servicekit.relay.outbox_rows import Waiting


@dataclass(slots=True)
class Sent:
    """What became of a batch. What is in neither list stays in the outbox and is sent again."""

    done: list[Waiting] = field(default_factory=list)
    unroutable: list[Waiting] = field(default_factory=list)
    interrupted: bool = False
    """Whether the queue is in trouble: wait before the next batch."""


def send(
    publisher: Publisher, topology: Topology, events: Sequence[Waiting], *, timeout: float, seconds: float
) -> Sent:
    """Publish ``events`` in waves, the n-th event of each aggregate in the n-th wave.

    An aggregate's next event is sent only when the one before is confirmed. A type that no queue takes is done
    without being sent. After ``seconds`` no further wave begins, and the one under way ends after ``timeout``
    more: a slow queue must not keep what it confirmed from being settled until the lease is over.
    """
    sent = Sent()
    deadline = time.monotonic() + seconds
    taken = {event_type for event_type in {event.type for event in events} if topology.takes(event_type)}
    chains: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for event in events:
        chains[event.publisher_id, event.subject].append(event)
    while chains and not sent.interrupted:
        wave: list[tuple[tuple[str, str], Waiting]] = []
        for aggregate in list(chains):
            first = _skip_what_nobody_takes(chains[aggregate], taken, sent)
            if first is None:
                del chains[aggregate]
            else:
                wave.append((aggregate, first))
        if wave:
            _send_wave(publisher, wave, chains, sent, timeout)
        if time.monotonic() >= deadline:
            break
    return sent


def _skip_what_nobody_takes(chain: list[Waiting], taken: AbstractSet[str], sent: Sent) -> Waiting | None:
    while chain and chain[0].type not in taken:
        sent.done.append(chain.pop(0))
    return chain[0] if chain else None


def _send_wave(
    publisher: Publisher,
    wave: Sequence[tuple[tuple[str, str], Waiting]],
    chains: dict[tuple[str, str], list[Waiting]],
    sent: Sent,
    timeout: float,
) -> None:
    messages = [
        Message(id=event.event_id, type=event.type, body=event.payload.encode(), headers={})
        for _aggregate, event in wave
    ]
    outcomes = publisher.publish(messages, timeout=timeout)
    for outcome, count in Counter(outcomes).items():
        EVENTS_PUBLISHED.labels(outcome.value).inc(count)
    for (aggregate, event), outcome in zip(wave, outcomes, strict=True):
        if outcome is Outcome.CONFIRMED:
            sent.done.append(event)
            chains[aggregate].pop(0)
            continue
        del chains[aggregate]
        if outcome is Outcome.RETURNED:
            sent.unroutable.append(event)
        else:
            sent.interrupted = True

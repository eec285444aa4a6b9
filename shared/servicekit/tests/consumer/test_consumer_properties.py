"""Shuffled, repeated, late, interrupted: the same as each once and in order."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from servicekit import faults
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.subscriptions import Effect, Erasure, State, Subscriptions, Transient
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import (
    EDITED,
    ERASED,
    LOGGED_IN,
    copied,
    copy_customers,
    done,
    erase,
    event,
    message,
    note_login,
    until_empty,
    worker,
)

POINTS = ["worker:received", "worker:handled", "worker:committed", "worker:acknowledged"]


class Killed(BaseException):
    """The process is gone."""


def histories(publisher: str, lengths: Sequence[Sequence[str]]) -> list[Event]:
    """For each customer its events in order, the customers one after the other."""
    return [
        event(f"{publisher}_{customer}", version, type_=type_, publisher=publisher)
        for customer, types in enumerate(lengths)
        for version, type_ in enumerate(types, start=1)
    ]


def flaky(failures: list[bool]) -> Subscriptions:
    """The toy subscriptions, of which a handler fails now and then, after it has written."""

    def fail_sometimes() -> None:
        if failures and failures.pop():
            raise Transient("now and then")

    def state(session: Session, events: Sequence[Event]) -> None:
        copy_customers(session, events)
        fail_sometimes()

    def effect(session: Session, one: Event) -> None:
        note_login(session, one)
        fail_sometimes()

    return {EDITED: State(state), LOGGED_IN: Effect(effect), ERASED: Erasure(erase)}


def killing(points: list[str]) -> Callable[[str], None]:
    """Dies at each of ``points``, one after the other."""

    def hook(reached: str) -> None:
        if points and points[-1] == reached:
            points.pop()
            raise Killed

    return hook


@given(
    customers=st.lists(st.lists(st.sampled_from([EDITED, EDITED, LOGGED_IN]), min_size=1, max_size=6), max_size=5),
    erased=st.sets(st.integers(0, 4)),
    repeats=st.integers(0, 6),
    seed=st.integers(0, 2**16),
    batch=st.integers(1, 7),
    points=st.lists(st.sampled_from(POINTS), max_size=4),
    failures=st.lists(st.booleans(), max_size=6),
)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_any_repetition_any_crash(
    app: Database,
    system: Database,
    customers: list[list[str]],
    erased: set[int],
    repeats: int,
    seed: int,
    batch: int,
    points: list[str],
    failures: list[bool],
) -> None:
    publisher = f"pub{secrets.token_hex(4)}"
    events = histories(publisher, customers)
    gone = {f"{publisher}_{customer}" for customer in erased if customer < len(customers)}
    events += [event(subject, 99, type_=ERASED, publisher=publisher) for subject in sorted(gone)]
    chance = random.Random(seed)
    deliveries = events + (chance.choices(events, k=repeats) if events else [])
    chance.shuffle(deliveries)

    queue = MemoryQueue()
    queue.put(*map(message, deliveries))
    consumer = worker(queue, app, system, flaky(failures), batch)

    def step() -> int:
        try:
            return consumer.step(0)
        except Killed:
            queue.close()
            return 0

    faults.install(killing(points))
    try:
        until_empty(queue, step)
    finally:
        faults.install(None)

    # What in order and once gives, from the events themselves.
    copies = {
        one.subject: (one.aggregate_version, one.data["name"])
        for one in events
        if one.type == EDITED and one.subject not in gone
    }
    effects = sorted((one.id, one.subject) for one in events if one.type == LOGGED_IN and one.subject not in gone)
    present = copied(app, publisher)
    assert {subject: row for subject, row in present.items() if subject not in gone} == copies
    assert sorted(done(app, publisher)) == effects
    assert all(present[subject][1] is None for subject in gone & present.keys())

"""What every bus promises, whichever system carries it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from servicekit.bus import Bus, BusUnavailable, Consumer, Delivery, Message, Outcome

PLACED, PACKED, OTHER = "shop.order.placed.v1", "shop.order.packed.v1", "elsewhere.thing.done.v1"


def message(number: int, *, type_: str = PLACED, body: bytes = b"{}") -> Message:
    return Message(id=f"evt_{number}", type=type_, body=body, headers={})


@contextmanager
def consuming(bus: Bus, queue: str, prefetch: int = 200) -> Iterator[Consumer]:
    consumer = bus.consumer(queue, prefetch=prefetch)
    try:
        yield consumer
    finally:
        consumer.close()


def receive(consumer: Consumer, count: int, *, seconds: float = 10) -> list[Delivery]:
    """Exactly ``count`` deliveries, or what came in time."""
    deadline = time.monotonic() + seconds
    received: list[Delivery] = []
    while len(received) < count and (remaining := deadline - time.monotonic()) > 0:
        received += consumer.receive(limit=count - len(received), timeout=remaining)
    return received


def ids(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.id for delivery in deliveries]


def publish(setting: Any, *messages: Message) -> list[Outcome]:
    outcomes: list[Outcome] = setting.publisher().publish(messages, timeout=10)
    return outcomes


def test_messages_arrive_confirmed_and_in_order(setting: Any) -> None:
    sent = [message(number) for number in range(1200)]
    assert set(publish(setting, *sent)) == {Outcome.CONFIRMED}
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        received: list[Delivery] = []
        while len(received) < len(sent):
            batch = receive(consumer, 100)
            assert batch, f"only {len(received)} arrived"
            consumer.acknowledge(batch)
            received += batch
        assert ids(received) == [one.id for one in sent]
        assert not any(delivery.redelivered for delivery in received)
        assert consumer.receive(limit=1, timeout=0.05) == []


def test_patterns_decide_which_queues_take_a_type(setting: Any) -> None:
    assert publish(setting, message(1), message(2, type_=PACKED), message(3, type_="shop.closed")) == (
        [Outcome.CONFIRMED] * 3
    )
    for name, expected in {
        "exact": ["evt_1"],
        "star": ["evt_1", "evt_2"],
        "hash": ["evt_1", "evt_2", "evt_3"],
    }.items():
        with consuming(setting.bus, setting.queue(name)) as consumer:
            assert ids(receive(consumer, len(expected))) == expected
            assert consumer.receive(limit=1, timeout=0.05) == []


def test_a_type_that_no_queue_takes_is_returned_and_its_neighbors_go_on(setting: Any) -> None:
    outcomes = publish(setting, message(1), message(2, type_=OTHER), message(3))
    assert outcomes == [Outcome.CONFIRMED, Outcome.RETURNED, Outcome.CONFIRMED]
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        assert ids(receive(consumer, 2)) == ["evt_1", "evt_3"]


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe not text \x00", bytes(range(256)) * 2000], ids=len)
def test_bodies_arrive_byte_for_byte_with_type_and_id(setting: Any, body: bytes) -> None:
    assert publish(setting, Message(id="evt_ü", type=PLACED, body=body, headers={"kind": "odd"})) == [Outcome.CONFIRMED]
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        (delivery,) = receive(consumer, 1)
        assert delivery.message == Message(id="evt_ü", type=PLACED, body=body, headers={"kind": "odd"})


def test_what_is_not_acknowledged_comes_again_after_closing(setting: Any) -> None:
    publish(setting, *map(message, range(5)))
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        first = receive(consumer, 5)
        consumer.acknowledge([first[0], first[2]])
    with consuming(setting.again(), setting.queue("exact")) as consumer:
        second = receive(consumer, 3)
        assert ids(second) == ["evt_1", "evt_3", "evt_4"]
        assert all(delivery.redelivered for delivery in second)
        consumer.acknowledge(second)
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        assert consumer.receive(limit=5, timeout=0.3) == []


def test_acknowledged_in_any_order_each_is_done_once(setting: Any) -> None:
    publish(setting, *map(message, range(6)))
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        got = receive(consumer, 6)
        for done in ([got[4]], [got[1], got[0]], [got[4]], [got[5], got[2]]):
            consumer.acknowledge(done)
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        assert ids(receive(consumer, 1)) == ["evt_3"]
        assert consumer.receive(limit=1, timeout=0.2) == []


def test_no_more_than_the_prefetch_is_handed_out_unacknowledged(setting: Any) -> None:
    publish(setting, *map(message, range(8)))
    with consuming(setting.bus, setting.queue("exact"), prefetch=3) as consumer:
        first = receive(consumer, 3)
        assert consumer.receive(limit=8, timeout=0.2) == []
        consumer.acknowledge(first[:2])
        assert ids(receive(consumer, 2)) == ["evt_3", "evt_4"]


def test_two_consumers_of_a_queue_never_hold_the_same_message(setting: Any) -> None:
    publish(setting, *map(message, range(20)))
    queue = setting.queue("exact")
    with consuming(setting.bus, queue, prefetch=5) as one, consuming(setting.again(), queue, prefetch=5) as other:
        seen: list[str] = []
        deadline = time.monotonic() + 10
        while len(seen) < 20 and time.monotonic() < deadline:
            for consumer in (one, other):
                batch = consumer.receive(limit=3, timeout=0.05)
                seen += ids(batch)
                consumer.acknowledge(batch)
        assert sorted(seen) == sorted(f"evt_{number}" for number in range(20))


def test_a_closed_consumers_place_is_taken_by_the_next(setting: Any) -> None:
    queue = setting.queue("exact")
    first, second = setting.bus.consumer(queue), setting.again().consumer(queue)
    publish(setting, message(1))
    assert ids(receive(first, 1)) == ["evt_1"]
    first.close()
    assert ids(receive(second, 1)) == ["evt_1"]
    second.close()


def test_pausing_keeps_what_was_received_and_takes_nothing_new(setting: Any) -> None:
    publish(setting, *map(message, range(2)))
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        held = receive(consumer, 2)
        consumer.pause(seconds=0.2)
        publish(setting, message(2))
        consumer.pause(seconds=0.1)
        consumer.acknowledge(held)
        (later,) = receive(consumer, 1)
        assert later.message.id == "evt_2"
        assert not later.redelivered


def test_a_waiting_consumer_wakes_up_soon(setting: Any) -> None:
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        consumer.receive(limit=1, timeout=0.05)
        publisher = setting.publisher()
        publisher.publish([], timeout=1)
        timer = threading.Timer(0.2, publisher.publish, ([message(1)],), {"timeout": 5})
        timer.start()
        started = time.monotonic()
        assert ids(consumer.receive(limit=1, timeout=10)) == ["evt_1"]
        assert time.monotonic() - started < 2
        timer.join()


def test_another_processs_messages_arrive_too(setting: Any) -> None:
    other = setting.again().publisher()
    setting.publishers.append(other)
    assert other.publish([message(1)], timeout=5) == [Outcome.CONFIRMED]
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        assert ids(receive(consumer, 1)) == ["evt_1"]


def test_declaring_again_loses_nothing(setting: Any) -> None:
    publish(setting, message(1))
    setting.bus.declare(setting.topology)
    setting.again().declare(setting.topology)
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        assert ids(receive(consumer, 1)) == ["evt_1"]


def test_depth_counts_what_waits(setting: Any) -> None:
    queue = setting.queue("exact")
    assert setting.bus.depth(queue) == 0
    publish(setting, *map(message, range(4)))
    deadline = time.monotonic() + 5
    while setting.bus.depth(queue) != 4:
        assert time.monotonic() < deadline
    with consuming(setting.bus, queue) as consumer:
        consumer.acknowledge(receive(consumer, 4))
    while setting.bus.depth(queue) != 0:
        assert time.monotonic() < deadline


def test_an_undeclared_queue_is_refused(setting: Any) -> None:
    with pytest.raises(BusUnavailable):
        setting.bus.depth("nothing-of-this-name")
    with pytest.raises(BusUnavailable):
        setting.bus.consumer("nothing-of-this-name").receive(limit=1, timeout=0.5)


def test_with_the_server_gone_outcomes_are_unknown_and_all_works_again_afterwards(setting: Any) -> None:
    publisher = setting.publisher()
    assert publisher.publish([message(1)], timeout=5) == [Outcome.CONFIRMED]
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        held = receive(consumer, 1)
        setting.proxy.cut()
        assert publisher.publish([message(2), message(3)], timeout=2) == [Outcome.UNKNOWN] * 2
        with suppress(BusUnavailable):
            consumer.acknowledge(held)
        for attempt in (
            lambda: consumer.receive(limit=1, timeout=1),
            lambda: setting.bus.depth(setting.queue("exact")),
            lambda: setting.again().declare(setting.topology),
        ):
            with pytest.raises(BusUnavailable):
                attempt()
        setting.proxy.restore()
        assert publisher.publish([message(4)], timeout=5) == [Outcome.CONFIRMED]
        again = receive(consumer, 2)
        assert ids(again) == ["evt_1", "evt_4"]
        assert [delivery.redelivered for delivery in again] == [True, False]
        with pytest.raises(BusUnavailable):
            consumer.acknowledge(held)
        consumer.acknowledge(again)


def test_what_was_held_when_the_connection_broke_in_a_pause_comes_again(setting: Any) -> None:
    publish(setting, message(1))
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        held = receive(consumer, 1)
        setting.proxy.cut()
        with suppress(BusUnavailable):
            consumer.pause(seconds=0.2)
            consumer.acknowledge(held)
        setting.proxy.restore()
        assert ids(receive(consumer, 1)) == ["evt_1"]


def test_a_confirm_that_comes_too_late_is_credited_to_nobody(setting: Any) -> None:
    publisher = setting.publisher()
    assert publisher.publish([message(0)], timeout=5) == [Outcome.CONFIRMED]
    setting.proxy.swallow_answers()
    started = time.monotonic()
    assert publisher.publish([message(1), message(2)], timeout=0.5) == [Outcome.UNKNOWN] * 2
    assert time.monotonic() - started < 5
    connections = setting.proxy.accepted
    setting.proxy.restore()
    # The next message is one that can't be confirmed: had an old confirm been credited to it, it would seem to be.
    assert publisher.publish([message(3, type_=OTHER)], timeout=5) == [Outcome.RETURNED]
    assert setting.proxy.accepted == connections + 1, "the connection that owes answers is not used again"
    assert publisher.publish([message(4)], timeout=5) == [Outcome.CONFIRMED]
    with consuming(setting.bus, setting.queue("exact")) as consumer:
        arrived = set()
        while "evt_4" not in arrived:
            batch = receive(consumer, 1)
            assert batch
            arrived.update(ids(batch))
        assert "evt_0" in arrived
        assert "evt_3" not in arrived

"""What only the bus on RabbitMQ has."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from amqp import Channel
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bus import Delivery, Message, Outcome, Topology
from servicekit.bus.amqp import AmqpBus, TopologyConflict, dead_letter_queue
from servicekit.bus.amqp_frames import PublishFrames
from servicekit.bus.amqp_link import Link
from servicekit.testing.servers import require
from servicekit.tests.bus.conftest import remove

pytestmark = pytest.mark.real("RabbitMQ")
TYPE = "shop.order.placed.v1"


@pytest.fixture
def topology() -> Iterator[Topology]:
    name = f"test-{secrets.token_hex(4)}"
    made = Topology(exchange=name, queues={f"{name}.queue": [TYPE]})
    yield made
    remove(require("RabbitMQ"), made)


@pytest.fixture
def channel() -> Iterator[Channel]:
    link = Link(require("RabbitMQ"), "a test")
    yield link.channel()
    link.close()


def test_queues_are_quorum_queues_that_never_drop(topology: Topology, channel: Channel) -> None:
    bus = AmqpBus(require("RabbitMQ"), exchange=topology.exchange)
    bus.declare(topology)
    (queue,) = topology.queues
    # A message that a consumer rejects for good goes to the queue of the dead, it does not vanish.
    publisher, consumer = bus.publisher(), bus.consumer(queue)
    assert publisher.publish([Message("evt_1", TYPE, b"{}", {})], timeout=5) == [Outcome.CONFIRMED]
    (delivery,) = _receive_one(consumer)
    assert isinstance(delivery, Delivery)
    consumer._link.channel().basic_reject(delivery.handle[1], requeue=False)  # type: ignore[attr-defined,index]
    dead = bus.consumer(dead_letter_queue(queue))
    assert [one.message.id for one in _receive_one(dead)] == ["evt_1"]
    for each in (publisher, consumer, dead):
        each.close()


def test_a_queue_of_other_properties_is_named(topology: Topology, channel: Channel) -> None:
    (queue,) = topology.queues
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    with pytest.raises(TopologyConflict, match=queue):
        AmqpBus(require("RabbitMQ"), exchange=topology.exchange).declare(topology)


def test_a_full_queue_refuses_and_the_message_is_sent_again(topology: Topology, channel: Channel) -> None:
    (queue,) = topology.queues
    channel.exchange_declare(topology.exchange, "topic", durable=True, auto_delete=False)
    limited = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments=limited)
    channel.queue_bind(queue, topology.exchange, TYPE)
    publisher = AmqpBus(require("RabbitMQ"), exchange=topology.exchange).publisher()
    outcomes = [publisher.publish([Message(f"evt_{n}", TYPE, b"{}", {})], timeout=5)[0] for n in range(5)]
    publisher.close()
    assert Outcome.REFUSED in outcomes
    assert set(outcomes) <= {Outcome.CONFIRMED, Outcome.REFUSED}


def test_nothing_listening_is_unknown_without_delay() -> None:
    publisher = AmqpBus("amqp://guest:guest@127.0.0.1:1//", exchange="x").publisher()
    assert publisher.publish([Message("evt_1", TYPE, b"{}", {})], timeout=5) == [Outcome.UNKNOWN]


@given(
    body=st.binary(max_size=300),
    message_id=st.text(max_size=60),
    headers=st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3),
    frame_max=st.integers(40, 400),
)
def test_our_frames_are_what_the_library_would_have_written(
    body: bytes, message_id: str, headers: dict[str, str], frame_max: int
) -> None:
    frames = PublishFrames(exchange="shop", channel=3, frame_max=frame_max)
    ours = frames.encode(Message(message_id, TYPE, body, headers))
    assert ours == _as_the_library_writes(body, message_id, headers, frame_max)


def _as_the_library_writes(body: bytes, message_id: str, headers: dict[str, str], frame_max: int) -> bytes:
    from types import SimpleNamespace

    from amqp import Message as AmqpMessage
    from amqp import spec
    from amqp.method_framing import frame_writer
    from amqp.serialization import dumps

    from servicekit.events import CONTENT_TYPE

    written: list[bytes] = []
    transport = SimpleNamespace(write=lambda data: written.append(bytes(data)))
    properties = {"content_type": CONTENT_TYPE, "delivery_mode": 2, "message_id": message_id}
    if headers:
        properties["application_headers"] = headers
    write = frame_writer(SimpleNamespace(frame_max=frame_max, bytes_sent=0), transport)
    write(1, 3, spec.Basic.Publish, dumps("Bssbb", (0, "shop", TYPE, True, False)), AmqpMessage(body, **properties))
    return b"".join(written)


def _receive_one(consumer: object) -> list[Delivery]:
    deliveries: list[Delivery] = consumer.receive(limit=1, timeout=10)  # type: ignore[attr-defined]
    return deliveries

"""The bus on RabbitMQ: one durable topic exchange, a quorum queue for each consumer. For 3.10 and later, 4.x too."""

from __future__ import annotations

from typing import Any

from amqp.exceptions import NotFound, PreconditionFailed

from servicekit.bus import BusUnavailable, Consumer, Publisher, Topology
from servicekit.bus.amqp_consumer import AmqpConsumer
from servicekit.bus.amqp_link import Link
from servicekit.bus.amqp_publisher import AmqpPublisher

DELIVERY_LIMIT = 10_000
"""How often a message may be delivered before it goes to the queue of the dead. A last resort, so it is high: a worker
that is killed burns one delivery of everything it had been sent. RabbitMQ 4 would take 20, and then drop."""


class TopologyConflict(Exception):
    """The exchange or a queue exists with other properties. RabbitMQ can't change them: drain and delete it first."""


class AmqpBus:
    """RabbitMQ as a bus. Safe for several threads; the publishers and consumers it gives out are not.

    ``url`` may hold several addresses, separated by ``;``.
    """

    def __init__(self, url: str, *, exchange: str) -> None:
        self._url = url
        self._exchange = exchange

    def declare(self, topology: Topology) -> None:
        """Create exchange, queues and bindings. Raises BusUnavailable, TopologyConflict.

        A binding that the topology no longer has stays: over AMQP it can't be seen. What comes by it is of a
        type that the consumer ignores.
        """
        if topology.exchange != self._exchange:
            raise ValueError(f"this bus is for the exchange {self._exchange}, not {topology.exchange}")
        link = Link(self._url, "declaring the topology")
        channel = link.channel()
        try:
            with link.guard():
                _declare(channel, topology)
        except BusUnavailable as error:
            if isinstance(error.__cause__, PreconditionFailed):
                raise TopologyConflict(error.__cause__.reply_text) from error
            raise
        finally:
            link.close()

    def publisher(self) -> Publisher:
        """As the port says."""
        return AmqpPublisher(self._url, self._exchange)

    def consumer(self, queue: str, *, prefetch: int = 200) -> Consumer:
        """As the port says. Consumers of one queue compete: first deliveries are in order for each of them."""
        return AmqpConsumer(self._url, queue, prefetch)

    def depth(self, queue: str) -> int:
        """How many messages are ready to be delivered; those in a consumer's hands AMQP doesn't tell."""
        link = Link(self._url, f"depth of {queue}")
        channel = link.channel()
        try:
            with link.guard():
                return int(channel.queue_declare(queue, passive=True).message_count)
        except BusUnavailable as error:
            if isinstance(error.__cause__, NotFound):
                raise BusUnavailable(f"the queue {queue} is not declared") from error
            raise
        finally:
            link.close()


def dead_letter_queue(queue: str) -> str:
    """The name of the queue that takes what ``queue`` gave up."""
    return f"{queue}.dead"


def _declare(channel: Any, topology: Topology) -> None:
    channel.exchange_declare(topology.exchange, "topic", durable=True, auto_delete=False)
    for queue, patterns in topology.queues.items():
        _declare_queue(channel, dead_letter_queue(queue), {"x-queue-type": "quorum"})
        _declare_queue(
            channel,
            queue,
            {
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                # The default exchange: it reaches every queue by its name.
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": dead_letter_queue(queue),
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        for pattern in patterns:
            channel.queue_bind(queue, topology.exchange, pattern)


def _declare_queue(channel: Any, queue: str, arguments: dict[str, object]) -> None:
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)

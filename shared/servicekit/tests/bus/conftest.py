"""Both buses behind a proxy that can be cut, so that one suite holds for both."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from servicekit.bus import Bus, Publisher, Topology
from servicekit.bus.amqp import AmqpBus, dead_letter_queue
from servicekit.bus.amqp_link import Link
from servicekit.bus.inprocess import InProcessBus
from servicekit.testing.databases import plain_database
from servicekit.testing.proxy import Proxy, behind_proxy
from servicekit.testing.servers import require


@dataclass
class Setting:
    """A bus, the proxy in front of its server, and a topology with names of its own."""

    bus: Bus
    proxy: Proxy
    topology: Topology
    again: Callable[[], Bus]
    """The same bus as another process sees it."""
    publishers: list[Publisher] = field(default_factory=list)

    def queue(self, name: str) -> str:
        return next(queue for queue in self.topology.queues if queue.endswith(name))

    def publisher(self) -> Publisher:
        self.publishers.append(self.bus.publisher())
        return self.publishers[-1]


def _topology(exchange: str) -> Topology:
    return Topology(
        exchange=exchange,
        queues={
            f"{exchange}.exact": ["shop.order.placed.v1"],
            f"{exchange}.star": ["shop.*.placed.v1", "shop.*.packed.v1"],
            f"{exchange}.hash": ["shop.#"],
        },
    )


@pytest.fixture(scope="session")
def bus_database() -> Iterator[str]:
    with plain_database("bus") as url:
        yield url


@pytest.fixture(params=[pytest.param("amqp", marks=pytest.mark.real("RabbitMQ")), "inprocess"])
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    topology = _topology(f"test-{secrets.token_hex(4)}")
    if request.param == "amqp":
        yield from _amqp(topology)
    else:
        yield from _in_process(request.getfixturevalue("bus_database"), topology)


def _amqp(topology: Topology) -> Iterator[Setting]:
    real = require("RabbitMQ")
    proxy, url = behind_proxy(real)
    bus = AmqpBus(url, exchange=topology.exchange)
    bus.declare(topology)
    made = Setting(bus, proxy, topology, lambda: AmqpBus(url, exchange=topology.exchange))
    yield made
    for publisher in made.publishers:
        publisher.close()
    proxy.close()
    remove(real, topology)


def remove(url: str, topology: Topology) -> None:
    """Take a test's exchange and queues away."""
    link = Link(url, "cleaning up")
    channel = link.channel()
    for queue in topology.queues:
        channel.queue_delete(queue)
        channel.queue_delete(dead_letter_queue(queue))
    channel.exchange_delete(topology.exchange)
    link.close()


def _in_process(real: str, topology: Topology) -> Iterator[Setting]:
    proxy, url = behind_proxy(real)
    buses = [InProcessBus(url)]
    buses[0].declare(topology)

    def again() -> Bus:
        buses.append(InProcessBus(url))
        return buses[-1]

    yield Setting(buses[0], proxy, topology, again)
    for bus in buses:
        bus.close()
    proxy.close()

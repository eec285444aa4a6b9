"""``topology.json``: which queue takes which event types, from every service's ``SUBSCRIPTIONS``."""

from __future__ import annotations

from servicekit.bus import Topology
from tools.discovery import services
from tools.generate.schemas import Clash

EXCHANGE = "accounts.events"


def topology() -> Topology:
    """The queues of all services. Raises Clash for two services with one queue."""
    queues: dict[str, tuple[str, ...]] = {}
    for service in services():
        if service.queue is not None:
            if service.queue in queues:
                raise Clash(f"{service.name} uses the queue {service.queue} of another service")
            queues[service.queue] = tuple(sorted(service.subscriptions))
    return Topology(EXCHANGE, queues)

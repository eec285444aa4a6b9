"""``python -m servicekit.bus.declare FILE``: make the exchange and queues of a topology, before any relay starts.

Reads ``RABBITMQ_URL``. Doing it again changes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from environs import Env

from servicekit.bus import BusUnavailable
from servicekit.bus.amqp import AmqpBus, TopologyConflict
from servicekit.topology import load_topology


def run(url: str, file: Path) -> list[str]:
    """Declare the topology in ``file``; its queues. Raises BusUnavailable, TopologyConflict, ValueError."""
    topology = load_topology(file)
    AmqpBus(url, exchange=topology.exchange).declare(topology)
    return list(topology.queues)


def main() -> None:
    """The command. Ends with 1 and a message when the broker can't be reached or has a queue of another kind."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m servicekit.bus.declare FILE")
    url = Env().str("RABBITMQ_URL", "")
    if not url:
        sys.exit("declare: RABBITMQ_URL is not set.")
    try:
        queues = run(url, Path(sys.argv[1]))
    except (BusUnavailable, TopologyConflict, ValueError, OSError) as error:
        sys.exit(f"declare: {error}")
    sys.stdout.write(f"declared: {', '.join(queues)}\n")


if __name__ == "__main__":
    main()

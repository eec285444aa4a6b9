"""``topology.json``: which queues there are and which types each takes. Generated and committed."""

from __future__ import annotations

from pathlib import Path

import orjson

from servicekit.bus import Topology


def load_topology(path: Path) -> Topology:
    """Read what ``dump_topology`` wrote. Raises ValueError if it isn't that."""
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, dict) or not isinstance(content.get("queues"), dict) or not content.get("exchange"):
        raise ValueError(f"{path} is no topology")
    return Topology(
        exchange=str(content["exchange"]),
        queues={str(queue): tuple(map(str, patterns)) for queue, patterns in content["queues"].items()},
    )


def dump_topology(topology: Topology) -> str:
    """The same text for the same topology, one line for each type."""
    content = {
        "exchange": topology.exchange,
        "queues": {queue: sorted(topology.queues[queue]) for queue in sorted(topology.queues)},
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n"

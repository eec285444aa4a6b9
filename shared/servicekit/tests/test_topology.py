"""``topology.json``."""

from __future__ import annotations

from pathlib import Path

import pytest

from servicekit.bus import Topology
from servicekit.topology import dump_topology, load_topology


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    topology = Topology("shop", {"b": ("x.*.v1", "a.#"), "a": ("y",)})
    path = tmp_path / "topology.json"
    path.write_text(dump_topology(topology))
    assert load_topology(path) == Topology("shop", {"a": ("y",), "b": ("a.#", "x.*.v1")})
    assert dump_topology(load_topology(path)) == path.read_text()


@pytest.mark.parametrize("content", ["[]", "{}", '{"exchange": "x", "queues": []}', "no JSON"])
def test_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "topology.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"topology|JSON|unexpected|expected"):
        load_topology(path)


@pytest.mark.parametrize(
    ("pattern", "event_type", "takes"),
    [
        ("a.b", "a.b", True),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.#", "a", True),
        ("a.#", "a.b.c", True),
        ("#.c", "a.b.c", True),
        ("*", "a.b", False),
        ("#", "a.b", True),
        ("a.#.c", "a.c", True),
    ],
)
def test_patterns_match_as_topic_exchanges_do(pattern: str, event_type: str, takes: bool) -> None:
    topology = Topology("shop", {"queue": [pattern]})
    assert topology.takes(event_type) is takes
    assert topology.queues_for(event_type) == (["queue"] if takes else [])

"""Generated files are as the code says, and say what they must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servicekit.topology import load_topology
from tools.discovery import ROOT
from tools.generate import asyncapi
from tools.generate import snapshots as generated
from tools.generate.event_schemas import published


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return generated.snapshots()


def test_generated_files_are_up_to_date(made: dict[Path, str]) -> None:
    assert generated.differences(made) == [], "run python -m tools.generate"


def test_a_file_that_is_not_up_to_date_is_told(made: dict[Path, str]) -> None:
    page = Path("docs/events.md")
    told = generated.differences({**made, page: made[page] + "| another line |\n"})
    assert len(told) == 1
    assert "+| another line |" in told[0]


def test_the_schema_of_an_event_that_is_no_longer_published_is_told(made: dict[Path, str]) -> None:
    gone = generated.EVENT_SCHEMAS / f"{next(published())[1].name}.json"
    assert any(str(gone) in line for line in generated.differences({k: v for k, v in made.items() if k != gone}))


def test_the_topology_can_be_loaded_and_takes_what_is_published() -> None:
    topology = load_topology(ROOT / generated.TOPOLOGY)
    assert topology.exchange == "accounts.events"
    for queue, types in topology.queues.items():
        for event_type in types:
            assert queue in topology.queues_for(event_type)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.document()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {kind.name for _service, kind in published()}
    for reference in _references(document):
        assert _resolve(document, reference) is not None, reference


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolve(document: Any, reference: str) -> Any:
    place = document
    for part in reference.removeprefix("#/").split("/"):
        place = place.get(part, {}) if isinstance(place, dict) else {}
    return place or None

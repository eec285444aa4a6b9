"""The operator's way with messages that search could not handle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.parking import count_parked, park
from servicekit.testing.databases import ScratchDatabase, Template
from services.search.handlers import QUEUE
from services.search.tests.service.system import System, anonymized, publisher, told


@pytest.fixture
def scratch(search_template: Template) -> Iterator[ScratchDatabase]:
    made = search_template.copy()
    yield made
    search_template.drop(made)


def _command(scratch: ScratchDatabase, *arguments: str) -> subprocess.CompletedProcess[str]:
    urls = {f"SEARCH_DATABASE_URL_{role}": getattr(scratch.urls, role.lower()) for role in ("APP", "SYSTEM")}
    command = [sys.executable, "-m", "services.search", *arguments]
    return subprocess.run(command, env={**os.environ, **urls}, capture_output=True, text=True, check=False)


def _park(system: System, event: Event, *, erasure: bool = False) -> None:
    with system.system_database.transaction() as session:
        park(session, consumer=QUEUE, body=event.to_json(), reason="a bug", tells_of_erasure=erasure)


def test_edits_and_erasures_that_were_parked_are_taken_in_when_they_are_replayed(scratch: ScratchDatabase) -> None:
    system, mine = System(scratch.urls), publisher()
    try:
        system.engine.ensure()
        ada, bob = new_id("cus"), new_id("cus")
        system.tell(told(mine, ada, 1, last_name="Lovelace"), told(mine, bob, 1, last_name="Babbage"))
        system.index()
        _park(system, told(mine, bob, 2, last_name="Analytical"))
        _park(system, anonymized(mine, ada, 2), erasure=True)

        listed = _command(scratch, "list-parked")
        assert (listed.returncode, bob in listed.stdout, "2 parked." in listed.stdout) == (0, True, True), listed
        replayed = _command(scratch, "replay-parked")
        assert (replayed.returncode, "2 handled." in replayed.stdout) == (0, True), replayed

        system.index()
        assert system.found(mine, "Analytical") == [bob]
        assert system.found(mine, "Lovelace") == system.found(mine, "Babbage") == []
        assert [event.subject for event in system.confirmations()] == [ada]
        with system.system_database.transaction() as session:
            assert count_parked(session) == {}
    finally:
        system.close()

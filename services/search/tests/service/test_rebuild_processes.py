"""The command ``rebuild`` as a process that dies of SIGKILL, beside indexers that do, while customers change."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from servicekit.ids import new_id
from servicekit.testing.databases import Template
from servicekit.testing.servers import require
from services.search.tests.service.rebuilding import assert_at_rest, assert_right, everyone, made_system
from services.search.tests.service.system import System, anonymized, publisher, told

pytestmark = pytest.mark.real("OpenSearch")

POINTS = ("rebuild:created", "rebuild:written", "rebuild:checking", "rebuild:promoting", "rebuild:promoted")
_CHILD = """
import os, signal, sys
from servicekit import faults
from services.search import rebuild_hold, rebuild_state
from services.search.__main__ import main
rebuild_state.HOLD_SECONDS, rebuild_hold.RENEW_SECONDS = 2.0, 0.3
point, command = sys.argv[1], sys.argv[2:]
faults.install(lambda reached: os.kill(os.getpid(), signal.SIGKILL) if reached == point else None)
main(command, prog_name="search")
"""


@pytest.fixture
def opensearch_system(search_template: Template) -> Iterator[System]:
    with made_system(search_template, "opensearch") as made:
        yield made


def _environment(system: System) -> dict[str, str]:
    urls = {f"SEARCH_DATABASE_URL_{part.upper()}": getattr(system.urls, part) for part in ("app", "system", "migrate")}
    prefix = system.engine.engine.alias.removesuffix("customers")  # type: ignore[attr-defined]
    return {
        **os.environ,
        **urls,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "SEARCH_ENGINE": "opensearch",
        "OPENSEARCH_URL": require("OpenSearch"),
        "OPENSEARCH_PREFIX": prefix,
    }


def _search(system: System, *command: str, die_at: str = "nowhere") -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", _CHILD, die_at, *command]
    return subprocess.Popen(
        arguments, env=_environment(system), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@contextmanager
def _indexer(system: System) -> Iterator[subprocess.Popen[str]]:
    process = _search(system, "indexer")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


class Writer(threading.Thread):
    """Changes customers until told to stop; knows what became of each."""

    def __init__(self, system: System, publisher_id: str, ids: list[str]) -> None:
        super().__init__(daemon=True)
        self.names: dict[str, str | None] = dict.fromkeys(ids, "Lovelace")
        self.stop = threading.Event()
        self.writes = 0
        self._system, self._publisher_id = system, publisher_id
        self._versions = dict.fromkeys(ids, 1)
        self._draw = random.Random(1)

    def run(self) -> None:
        while not self.stop.wait(0.02):
            self.write()

    def write(self) -> None:
        alive = [customer_id for customer_id, name in self.names.items() if name is not None]
        customer_id = self._draw.choice(alive) if self._draw.random() < 0.7 else new_id("cus")
        version = self._versions.get(customer_id, 0) + 1
        name = None if self._draw.random() < 0.1 else f"Name{version}"
        event = (
            anonymized(self._publisher_id, customer_id, version)
            if name is None
            else told(self._publisher_id, customer_id, version, last_name=name)
        )
        self._system.tell(event)
        self._versions[customer_id], self.names[customer_id] = version, name
        self.writes += 1


class Searcher(threading.Thread):
    """Searches for one whom nobody changes until told to stop; keeps every answer that isn't as it should be."""

    def __init__(self, system: System, publisher_id: str, customer_id: str) -> None:
        super().__init__(daemon=True)
        self.stop = threading.Event()
        self.searches = 0
        self.wrong: list[object] = []
        self._client, self._customer_id = system.app.test_client(), customer_id
        self._headers = system.as_program(publisher_id)

    def run(self) -> None:
        while not self.stop.wait(0.01):
            answer = self._client.get("/v1/search/customers?q=Landmark", headers=self._headers)
            found = answer.get_json()
            self.searches += 1
            if found.get("degraded") or [item["id"] for item in found.get("items", ())] != [self._customer_id]:
                self.wrong.append((answer.status_code, found))


@pytest.mark.slow
def test_killed_at_every_step_among_indexers_that_are_killed_it_ends_right(opensearch_system: System) -> None:
    system, mine = opensearch_system, publisher()
    ids = [new_id("cus") for _ in range(300)]
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in ids))
    landmark = new_id("cus")
    system.tell(told(mine, landmark, 1, last_name="Landmark"))
    system.index()
    writer, searcher = Writer(system, mine, ids), Searcher(system, mine, landmark)
    with ExitStack() as stack:
        indexers = [stack.enter_context(_indexer(system)) for _ in range(2)]
        writer.start()
        searcher.start()
        for number, point in enumerate(POINTS):
            rebuild = _search(system, "rebuild", "--batch", "100", die_at=point)
            output = rebuild.communicate(timeout=120)[0]
            assert rebuild.returncode == -signal.SIGKILL, f"{point}: {output}"
            indexers[number % 2].kill()
            indexers[number % 2] = stack.enter_context(_indexer(system))
        rebuild = _search(system, "rebuild", "--batch", "100")
        output = rebuild.communicate(timeout=120)[0]
        assert rebuild.returncode == 0, output
        assert "is in service" in output
        for thread in (writer, searcher):
            thread.stop.set()
            thread.join()
        assert (searcher.wrong, searcher.searches > 50) == ([], True)
        _until_nothing_waits(system)
        assert writer.writes > 50
        assert_right(system)
    assert_at_rest(system)
    assert everyone(system.system_database) == [mine]
    confirmed = [event.subject for event in system.confirmations()]
    assert sorted(confirmed) == sorted(customer_id for customer_id, name in writer.names.items() if name is None)


def test_the_second_is_refused_with_a_message_and_status_tells_of_the_first(opensearch_system: System) -> None:
    system, mine = opensearch_system, publisher()
    system.tell(*(told(mine, new_id("cus"), 1, last_name="Lovelace") for _ in range(40)))
    system.index()
    first = _search(system, "rebuild", "--batch", "1", "--rate", "1")  # slower than any machine starts a process
    try:
        status = _until_it_runs(system)
        second = _search(system, "rebuild")
        output = second.communicate(timeout=60)[0]
        assert (second.returncode, "another rebuild is under way" in output) == (1, True), output
        assert status["rebuild"]["step"] in ("creating", "filling")
    finally:
        first.send_signal(signal.SIGTERM)
        output = first.communicate(timeout=60)[0]
    assert (first.returncode, "run rebuild again" in output) == (1, True), output
    given_up = _search(system, "rebuild", "--abort")
    assert "given up" in given_up.communicate(timeout=60)[0], "at once: it let go"
    assert_at_rest(system)


def _until_it_runs(system: System) -> dict[str, dict[str, object]]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = json.loads(_search(system, "status").communicate(timeout=60)[0])
        if found["rebuild"] is not None:
            return dict(found)
    raise AssertionError("it doesn't begin")


def _until_nothing_waits(system: System) -> None:
    deadline = time.monotonic() + 60
    while json.loads(_search(system, "status").communicate(timeout=60)[0])["waiting"]:
        assert time.monotonic() < deadline

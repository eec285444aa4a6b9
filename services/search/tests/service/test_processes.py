"""The commands as they are started: on the real OpenSearch, killed and stopped."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from opensearchpy import OpenSearch

from servicekit.ids import new_id
from servicekit.testing.databases import ScratchDatabase, Template
from servicekit.testing.servers import require
from services.search.comparison import compare
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.tests.service.system import System, anonymized, publisher, told

pytestmark = pytest.mark.real("OpenSearch")


@pytest.fixture
def scratch(search_template: Template) -> Iterator[ScratchDatabase]:
    """A database of the test's own."""
    made = search_template.copy()
    yield made
    search_template.drop(made)


@pytest.fixture
def prefix() -> Iterator[str]:
    """The beginning of this test's indices' names."""
    made = f"test-{secrets.token_hex(4)}-"
    yield made
    client = OpenSearch([require("OpenSearch")])
    client.indices.delete(index=f"{made}*", params={"expand_wildcards": "all"})
    client.close()


@contextmanager
def _indexer(scratch: ScratchDatabase, prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "SEARCH_DATABASE_URL_SYSTEM": scratch.urls.system,
        "SEARCH_ENGINE": "opensearch",
        "OPENSEARCH_URL": require("OpenSearch"),
        "OPENSEARCH_PREFIX": prefix,
    }
    command = [sys.executable, "-m", "services.search", "indexer"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def _until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it doesn't come true"
        time.sleep(0.02)


def test_an_indexer_that_is_killed_is_followed_by_one_that_finishes(scratch: ScratchDatabase, prefix: str) -> None:
    mine = publisher()
    ids = [new_id("cus") for _ in range(40)]
    engine = OpenSearchEngine(OpenSearchSettings(url=require("OpenSearch"), prefix=prefix))
    system = System(scratch.urls, engine)
    try:
        engine.ensure()
        with _indexer(scratch, prefix) as process:
            system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in ids))
            _until(lambda: process.poll() is not None or len(system.get(mine, q="Lovelace").get_json()["items"]) > 0)
            system.tell(*(told(mine, customer_id, 2, last_name="Byron") for customer_id in ids))
            process.kill()
        system.expire_leases()
        system.tell(anonymized(mine, ids[0], 3))
        with _indexer(scratch, prefix) as process:
            _until(lambda: compare(system.app_database, engine, mine).equal)
            _until(lambda: set(system.found(mine, "Byron", limit=100)) == set(ids[1:]))
            _until(lambda: len(system.confirmations()) == 1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
    finally:
        system.close()

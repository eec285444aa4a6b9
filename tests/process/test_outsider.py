"""A system outside, which knows only the published contract, ends up with exactly the present customers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from tests.process.load import Load
from tests.process.product import ROOT, Product, Publisher
from tests.process.waiting import wait_until

EXAMPLE = ROOT / "examples" / "mailing_list.py"
QUEUE = "mailing-list"


@pytest.fixture
def queue_removed(product: Product) -> Iterator[None]:
    yield
    with Connection(product.amqp_url) as connection, connection.channel() as channel:
        channel.queue_delete(QUEUE)


@pytest.mark.real("RabbitMQ", "OpenSearch")
@pytest.mark.usefixtures("queue_removed")
def test_the_outsider_has_exactly_the_present_customers_even_when_killed(product: Product, tmp_path: Path) -> None:
    publisher, file = product.publisher(), tmp_path / "people.json"
    load = Load(product, publisher, seed=7, writers=2)
    load.start()
    wait_until("there are customers before the outsider comes", 30.0, lambda: load.acknowledged < 30)

    with _outsider(product, publisher, file) as first:
        wait_until("it has begun", 30.0, lambda: not _people(file) and "nothing yet")
        began_with = len(_people(file))
        wait_until("it hears of more", 30.0, lambda: _what_keeps(first, load, len(_people(file)) - began_with))
        first.kill()
        first.wait(10)
    with _outsider(product, publisher, file) as second:
        now = load.acknowledged
        wait_until("more is written after its death", 30.0, lambda: load.acknowledged < now + 30)
        load.finish()
        wait_until("it has what is true", 30.0, lambda: _differences(product, publisher, _people(file)))
        assert second.poll() is None, "it has ended"


def _what_keeps(outsider: subprocess.Popen[bytes], load: Load, more: int) -> str | None:
    """None when it has heard of ten more customers, and both it and the writers are well."""
    load.check()
    assert outsider.poll() is None, f"it has ended with {outsider.returncode}"
    return None if more >= 10 else f"{more} more, {load.acknowledged} writes acknowledged"


@contextmanager
def _outsider(product: Product, publisher: Publisher, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-I", str(EXAMPLE), product.amqp_url, product.url, publisher.api_key, str(file)]
    process = subprocess.Popen(command, cwd=file.parent)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def _people(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _differences(product: Product, publisher: Publisher, people: dict[str, Any]) -> list[str]:
    """Customers of this publisher whom the outsider has otherwise than they are, lacks, or made up.

    The queue carries every publisher's events, so it may know of others'; of none that isn't.
    """
    with product.admin("customers") as connection:
        rows = connection.execute("SELECT id, publisher_id, version, email FROM customer").fetchall()
    known = {row[0] for row in rows}
    mine = {row[0]: {"version": row[2], "email": row[3]} for row in rows if row[1] == publisher.publisher_id}
    return [key for key in mine if people.get(key) != mine[key]] + [key for key in people if key not in known]

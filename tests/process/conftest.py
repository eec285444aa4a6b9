"""The product as processes, on the tests' servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicekit.testing.servers import require, require_all
from tests.process.product import Product, Servers, running_product


def given_servers() -> Servers:
    """The servers of this test run. Skips or fails the test where one isn't there."""
    require_all(["RabbitMQ", "OpenSearch"])
    management = os.environ.get("RABBITMQ_MANAGEMENT_URL")
    if not management:
        pytest.skip("needs RABBITMQ_MANAGEMENT_URL, to make a vhost of its own")
    opensearch = require("OpenSearch")
    return Servers(require("PostgreSQL"), require("RabbitMQ"), management, opensearch, opensearch)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product, left in peace; each test brings publishers of its own."""
    directory: Path = tmp_path_factory.mktemp("product")
    with running_product(given_servers(), directory) as running:
        yield running
        running.fleet.stop()

"""The product in both modes: every test here runs on each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.system import Api, System, running_system


@pytest.fixture(
    scope="session", params=["embedded", pytest.param("real", marks=pytest.mark.real("RabbitMQ", "OpenSearch"))]
)
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    with running_system(request.param) as running:
        yield running


@pytest.fixture
def api(system: System) -> Api:
    """A publisher of the test's own."""
    return system.publisher()

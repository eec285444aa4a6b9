"""Fixtures: the projection on a real PostgreSQL with its real roles, and an engine that can be taken down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servicekit.db.migrate import migrate
from servicekit.testing.databases import Template, template
from services.search.app import MIGRATIONS
from services.search.tests.service.rebuilding import made_system
from services.search.tests.service.system import System


@pytest.fixture(scope="session")
def search_template() -> Iterator[Template]:
    """A migrated database to copy from."""
    with template("search", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        yield made


@pytest.fixture(scope="module")
def module_system(search_template: Template) -> Iterator[System]:
    """A system for the tests of one module, which keep apart by using publishers of their own."""
    scratch = search_template.copy()
    made = System(scratch.urls)
    yield made
    made.close()
    search_template.drop(scratch)


@pytest.fixture
def system(module_system: System) -> Iterator[System]:
    """The module's system with its engine up and nothing waiting."""
    module_system.reset()
    yield module_system
    module_system.reset()


@pytest.fixture(params=["postgres", pytest.param("opensearch", marks=pytest.mark.real("OpenSearch"))])
def own_system(request: pytest.FixtureRequest, search_template: Template) -> Iterator[System]:
    """A system of the test's own, on each engine."""
    with made_system(search_template, request.param) as made:
        yield made
        made.reset()

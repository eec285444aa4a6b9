"""A browser, the product with customers in it on a port, and pages that fail on any message in their consoles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded.demo.filling import fill
from servicekit import clock
from servicekit.testing.browser import ARGUMENTS, require_chromium
from servicekit.testing.servers import require_all
from tests.console.pages import Pages, Staff
from tests.e2e.serving import served
from tests.e2e.system import System, running_system

pytest.importorskip("playwright", reason="needs Chromium: there is no playwright for this machine")

from playwright.sync_api import Browser, sync_playwright

CUSTOMERS = 260
IN_BOTH_MODES = pytest.mark.parametrize("site", ["embedded", "real"], indirect=True)


@dataclass(frozen=True)
class Site:
    """The product on a port, with the demo customers of one publisher, whose owner can sign in; nobody changes them.

    ``editor`` is the owner of another publisher, for tests that create and change customers.
    """

    url: str
    system: System
    owner: Staff
    editor: Staff


@contextmanager
def _running_site(mode: str) -> Iterator[Site]:
    require_chromium()
    with running_system(mode) as system:
        owner = Staff.of_new_publisher(system)
        fill(
            system.assembly.databases["customers.app"],
            publisher_id=owner.publisher_id,
            count=CUSTOMERS,
            now=clock.now(),
            done=lambda _: None,
        )
        system.drain()
        with served(system) as server:
            yield Site(server.url, system, owner, Staff.of_new_publisher(system))


@pytest.fixture(scope="session")
def embedded_site() -> Iterator[Site]:
    with _running_site("embedded") as site:
        yield site


@pytest.fixture(scope="session")
def real_site() -> Iterator[Site]:
    require_all(("RabbitMQ", "OpenSearch"))
    with _running_site("real") as site:
        yield site


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Site:
    """The embedded product; a module that says ``pytestmark = IN_BOTH_MODES`` has its tests run on the real one too."""
    mode = getattr(request, "param", "embedded")
    found: Site = request.getfixturevalue(f"{mode}_site")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = require_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def pages(browser: Browser, site: Site) -> Iterator[Pages]:
    """Opens pages; afterwards nothing unexpected may have been said in the browser's console."""
    opened = Pages(browser, site.url)
    yield opened
    opened.close()
    assert opened.messages == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of pages are put, to be looked at: ``ACCOUNTS_PICTURES``, else ``build/pictures``."""
    directory = Path(os.environ.get("ACCOUNTS_PICTURES", "build/pictures"))
    directory.mkdir(parents=True, exist_ok=True)
    return directory

"""Services to look at, and a migrated database for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from servicekit.db.migrate import migrate
from servicekit.testing.databases import ScratchDatabase, Template, template
from tools.discovery import Service, services

WITH_DATABASE = [service for service in services() if service.migrations is not None]


@dataclass
class Migrated:
    """A template for each service that has a database, made when it is first wanted."""

    kept: ExitStack
    made: dict[str, Template]

    def copy(self, service: Service) -> ScratchDatabase:
        """A freshly migrated database of this service."""
        assert service.migrations is not None
        if service.name not in self.made:
            run = partial(_migrate, service.migrations)
            self.made[service.name] = self.kept.enter_context(template(f"arch_{service.name}", run))
        return self.made[service.name].copy()


@pytest.fixture(scope="session")
def migrated() -> Iterator[Migrated]:
    with ExitStack() as kept:
        yield Migrated(kept, {})


def _migrate(migrations: Path, _database: str, url: str) -> None:
    migrate(url, migrations)

"""What services there are and what each declares, found by looking at ``services/*/``: nothing here names one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from servicekit.db.tables import metadata as kits_own
from servicekit.events import EventType
from tools.stand_ins import stand_ins

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Service:
    """One folder of ``services/`` and the modules of it that tell something to the generators."""

    name: str
    folder: Path

    @property
    def package(self) -> str:
        """Its import name, e.g. ``services.customers``."""
        return f"services.{self.name}"

    def module(self, name: str) -> ModuleType | None:
        """A module of the service by its short name, or None where it has no such file."""
        if not (self.folder / f"{name}.py").exists() and not (self.folder / name / "__init__.py").exists():
            return None
        return importlib.import_module(f"{self.package}.{name}")

    @property
    def published(self) -> tuple[EventType, ...]:
        """The event types it publishes."""
        return tuple(getattr(self.module("events"), "PUBLISHED", ()))

    @property
    def queue(self) -> str | None:
        """The name of its queue; None if it consumes nothing."""
        return getattr(self.module("handlers"), "QUEUE", None)

    @property
    def subscriptions(self) -> Mapping[str, Any]:
        """Event type to subscription (what the kit calls for it)."""
        return getattr(self.module("handlers"), "SUBSCRIPTIONS", {})

    @property
    def contracts(self) -> list[Path]:
        """Canonical examples of every event version it has ever published."""
        return sorted((self.folder / "contracts").glob("*.json"))

    @property
    def migrations(self) -> Path | None:
        """The folder of its migrations; None if it has no database."""
        folder = self.folder / "migrations"
        return folder if any(folder.glob("[0-9]*.py")) else None

    def modules(self) -> Iterator[ModuleType]:
        """Every module of the service except tests and migrations."""
        package = importlib.import_module(self.package)
        for found in pkgutil.walk_packages(package.__path__, f"{self.package}."):
            parts = found.name.split(".")
            if "tests" not in parts and "migrations" not in parts:
                yield importlib.import_module(found.name)

    def metadatas(self) -> list[MetaData]:
        """The declarations of its own tables, wherever in the service they are (the kit's are not among them)."""
        found: dict[int, MetaData] = {}
        for module in self.modules():
            for value in list(vars(module).values()):
                if isinstance(value, type) and issubclass(value, DeclarativeBase) and value is not DeclarativeBase:
                    found[id(value.metadata)] = value.metadata
                elif isinstance(value, MetaData) and value is not kits_own:
                    found[id(value)] = value
        return list(found.values())

    def app(self) -> Flask | None:
        """Its web app over a database that is never connected to; None if it has no ``create_app`` that makes one."""
        module = self.module("app")
        create = getattr(module, "create_app", None)
        if create is None:
            return None
        app = create(**stand_ins(create))
        return app if isinstance(app, Flask) else None


@cache
def services() -> tuple[Service, ...]:
    """Every service, by name."""
    folders = sorted((ROOT / "services").iterdir())
    return tuple(Service(folder.name, folder) for folder in folders if (folder / "__init__.py").exists())

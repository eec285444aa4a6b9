"""What services there are and what each declares, found by looking at ``services/*/``: nothing here names one."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from flask import Flask
from sqlalchemy import MetaData

from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls
from servicekit.events import EventType

ROOT = Path(__file__).resolve().parent.parent
_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


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
            if module.__name__.startswith(self.package):
                for value in list(vars(module).values()):
                    metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
                    owner = getattr(value, "__module__", module.__name__)
                    if isinstance(metadata, MetaData) and str(owner).startswith((self.package, "sqlalchemy")):
                        found[id(metadata)] = metadata
        return [metadata for metadata in found.values() if metadata.tables and not _is_kits(metadata)]

    def app(self) -> Flask | None:
        """Its web app over a database that is never connected to; None if it has no ``create_app`` that makes one."""
        module = self.module("app")
        create = getattr(module, "create_app", None)
        if create is None:
            return None
        app = create(**stand_ins(create))
        return app if isinstance(app, Flask) else None


class NeverCalled:
    """Stands where a collaborator would: may be passed around and asked for attributes, but not called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> NeverCalled:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return NeverCalled(f"{self._name}.{attribute}")

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Refuse: building an app must not do anything yet."""
        raise RuntimeError(f"{self._name} was called while an app was only being built")


@cache
def services() -> tuple[Service, ...]:
    """Every service, by name."""
    folders = sorted((ROOT / "services").iterdir())
    return tuple(Service(folder.name, folder) for folder in folders if (folder / "__init__.py").exists())


def stand_ins(create: Any) -> dict[str, Any]:
    """Arguments for a composition root: for each one without a default something of its type that does nothing."""
    hints = get_type_hints(create)
    return {
        name: stand_in(name, hints.get(name))
        for name, parameter in inspect.signature(create).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }


def stand_in(name: str, kind: Any) -> Any:
    """Something of type ``kind`` that does nothing."""
    if kind is Database:
        return Database(_NOWHERE)
    if kind is DatabaseUrls:
        return DatabaseUrls(migrate=_NOWHERE, app=_NOWHERE, system=_NOWHERE)
    if kind is str:
        return "x" * 64
    if kind in (int, float, bool, bytes, dict, list, tuple):
        return kind()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return kind(**stand_ins(kind))
    return NeverCalled(name)


def _is_kits(metadata: MetaData) -> bool:
    from servicekit.db.tables import metadata as kits

    return metadata is kits

"""Collaborators that do nothing, so that an app can be built only to be looked at."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, get_type_hints

from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls

_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


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

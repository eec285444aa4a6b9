"""What of an answer this request's caller may see: the one place through which every answer goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from flask import current_app, g, request
from marshmallow import Schema

from servicekit.auth.caller import SEES_PERSONAL, Caller
from servicekit.errors import Forbidden, PersonalDataHidden
from servicekit.web.context import current_caller
from servicekit.web.masking import masked


def refuse_personal(parameters: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise PersonalDataHidden if one of these is asked by, and the caller may not see what it is compared with."""
    if not current_caller().sees_personal:
        for name in names:
            if name in parameters:
                raise PersonalDataHidden(name)


def require_personal() -> None:
    """Raise Forbidden unless the caller sees personal data: for answers that can't be masked."""
    if not current_caller().sees_personal:
        raise Forbidden(f"This needs the scope {SEES_PERSONAL} as well: it can't be masked.")


def presented(document: Any, status: int) -> Any:
    """The answer ``document`` as this request's caller may see it."""
    caller = cast("Caller | None", g.get("caller"))
    if caller is None or caller.sees_personal:
        return document
    schema = answer_schemas(current_app.view_functions[request.endpoint or ""]).get(status)
    if schema is None:
        raise RuntimeError(f"{request.endpoint} doesn't say what it answers with {status}: what is personal in it?")
    return masked(schema, document)


def presented_extensions(document: dict[str, Any], extensions: Mapping[str, object], status: int) -> dict[str, Any]:
    """The same for a problem document: masked where the route describes this one, else it has nothing of anybody."""
    caller = cast("Caller | None", g.get("caller"))
    if not extensions or caller is None or caller.sees_personal:
        return document
    schema = answer_schemas(current_app.view_functions[request.endpoint or ""]).get(status)
    return document if schema is None else cast("dict[str, Any]", masked(schema, document))


def answer_schemas(view: Callable[..., Any]) -> dict[int, type[Schema]]:
    """The schemas that a view was declared to answer with, by status."""
    return cast("dict[int, type[Schema]]", getattr(view, "answer_schemas", {}))

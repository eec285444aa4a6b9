"""Working on JSON Schemas: finding, opening, closing and rewriting what apispec made of marshmallow's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from servicekit.web.description import describe_fields

COMPONENTS = "#/components/schemas/"
Json = dict[str, Any]


class Clash(Exception):
    """Two different things have the same name."""


def of_marshmallow(schema: type[Schema], name: str) -> dict[str, Json]:
    """``schema`` under ``name`` and every schema nested in it, as OpenAPI components."""
    plugin = MarshmallowPlugin()
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    if plugin.converter is None:
        raise TypeError("apispec gave its plugin no converter")
    describe_fields(plugin.converter)
    spec.components.schema(name, schema=schema)
    components: dict[str, Json] = spec.to_dict()["components"]["schemas"]
    modern: dict[str, Json] = modernized(components)
    return modern


def merge(into: dict[str, Json], more: dict[str, Json], origin: str) -> None:
    """Add ``more``. Raises Clash for a name that already stands for something else."""
    for name, schema in more.items():
        if into.setdefault(name, schema) != schema:
            raise Clash(f"{origin} has a schema {name} that differs from another service's: rename one")


def mapped(node: Any, change: Callable[[Json], Json]) -> Any:
    """A copy in which ``change`` was applied to every object, the innermost first."""
    if isinstance(node, dict):
        return change({key: mapped(value, change) for key, value in node.items()})
    if isinstance(node, list):
        return [mapped(value, change) for value in node]
    return node


def modernized(node: Any) -> Any:
    """``example`` as JSON Schema 2020-12 has it: ``examples``, a list. Only for schemas: parameters keep theirs."""
    return mapped(node, _with_examples)


def opened(node: Any) -> Any:
    """A copy that allows more fields: what a reader must expect."""
    return mapped(node, lambda item: {k: v for k, v in item.items() if (k, v) != ("additionalProperties", False)})


def closed(node: Any) -> Any:
    """A copy that allows no field that isn't declared: what a writer must keep to."""
    return mapped(node, _closed)


def with_refs(node: Any, prefix: str) -> Any:
    """A copy whose references to components point below ``prefix``."""
    return mapped(node, lambda item: _moved(item, prefix))


def references(node: Any) -> Iterator[str]:
    """The names of the component schemas that ``node`` refers to directly."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str) and node["$ref"].startswith(COMPONENTS):
            yield node["$ref"].removeprefix(COMPONENTS)
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def reachable(node: Any, components: dict[str, Json]) -> set[str]:
    """The names of all component schemas that ``node`` refers to, directly or through others."""
    found: set[str] = set()
    waiting = list(references(node))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(references(components[name]))
    return found


def _with_examples(item: Json) -> Json:
    if "example" not in item or "schema" in item or "in" in item:  # the latter two: a media type, a parameter
        return item
    changed = {key: value for key, value in item.items() if key != "example"}
    return {**changed, "examples": [item["example"]]}


def _closed(item: Json) -> Json:
    if "properties" in item and "additionalProperties" not in item and item.get("type") == "object":
        return {**item, "additionalProperties": False}
    return item


def _moved(item: Json, prefix: str) -> Json:
    reference = item.get("$ref")
    if isinstance(reference, str) and reference.startswith(COMPONENTS):
        return {**item, "$ref": prefix + reference.removeprefix(COMPONENTS)}
    return item

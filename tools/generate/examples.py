"""Examples of bodies, put together from the examples of their fields."""

from __future__ import annotations

from typing import Any

from tools.generate.schemas import COMPONENTS, Json

_MOMENT = "2026-03-12T09:30:00.000000Z"
_DAY = "1985-03-12"


class NoExample(Exception):
    """A field has none, and none can be made from its type."""


def example_of(schema: Json, components: dict[str, Json], where: str) -> Any:
    """An example of ``schema``. Raises NoExample, naming the field by ``where`` and its path."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(COMPONENTS)
        return example_of(components[name], components, name)
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    for given in ("allOf", "anyOf", "oneOf"):
        if given in schema:
            return example_of(schema[given][0], components, where)
    kind = schema.get("type")
    if isinstance(kind, list):
        return None if "null" in kind else _of_type(kind[0], schema, components, where)
    return _of_type(kind, schema, components, where)


def _of_type(kind: str | None, schema: Json, components: dict[str, Json], where: str) -> Any:
    if kind == "object" or "properties" in schema:
        return _of_properties(schema, components, where)
    if kind == "array":
        return [example_of(schema["items"], components, f"{where}[]")] if "items" in schema else []
    if kind == "string" and schema.get("format") in ("date-time", "date"):
        return _MOMENT if schema["format"] == "date-time" else _DAY
    if kind == "integer":
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    raise NoExample(f"{where} needs an example: add metadata={{'example': …}} to the field")


def _of_properties(schema: Json, components: dict[str, Json], where: str) -> Json:
    """Every field that has an example; one that has none must be optional."""
    found = {}
    for name, inner in schema.get("properties", {}).items():
        try:
            found[name] = example_of(inner, components, f"{where}.{name}")
        except NoExample:
            if name in schema.get("required", ()):
                raise
    return found

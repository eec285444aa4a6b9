"""Masking: a caller without the scope ``personal:read`` gets answers that don't tell who somebody is.

The schemas of the answers say what that is. A field whose metadata has ``personal: True`` is masked, unless it has
``hidden: False``; ``hidden`` may also be a function of the object that the field stands in, ``masked_as`` one of the
value. Where a field is masked, so is everything in it, but of an object with ``hidden: False`` each field is asked.

A masked value is null where the schema allows it, an empty list or object, or the text ``•••``, whether there is a
value or not. A schema that has the field ``masked`` lists there what is masked in it; nobody else gets that field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from marshmallow import Schema, fields

from servicekit.web.fields import Text

MASK = "•••"
MASKED = "masked"
"""The field in which an answer says what of it is masked."""
_Mask = Callable[[Any, list[str], str], Any]
"""Masks a value: the value, the list of what was masked, and the path to what is in it."""


class Unmaskable(TypeError):
    """A field is personal, and its type has no value that says nothing."""


def masked_field() -> fields.Field[Any]:
    """The field ``masked`` of a schema."""
    description = "Only without the scope `personal:read`: fields of this object whose values are hidden."
    return fields.List(fields.String(), metadata={"personal": False, "description": description})


def masked(schema: type[Schema], document: Any) -> Any:
    """A copy of ``document`` without personal values, and without what ``schema`` doesn't declare."""
    return _object_mask(schema)(document, [], "")


def is_hidden(field: fields.Field[Any], siblings: Mapping[str, Any]) -> bool:
    """Whether a field's value is masked in this object."""
    hidden = field.metadata.get("hidden", field.metadata.get("personal", False))
    return bool(hidden(siblings) if callable(hidden) else hidden)


@cache
def _object_mask(schema: type[Schema]) -> _Mask:
    known = schema().fields
    masks = {field.data_key or name: (field, _blank(field), _inner(field)) for name, field in known.items()}
    tells = MASKED in known

    def mask(document: Any, told: list[str], path: str) -> Any:
        if document is None:
            return None
        mine, prefix = ([], "") if tells else (told, path)
        seen: dict[str, Any] = {}
        for name, (field, blank, inner) in masks.items():
            if name not in document:
                continue
            value = document[name]
            if is_hidden(field, document):
                mine.append(prefix + name)
                seen[name] = blank(value)
            else:
                seen[name] = inner(value, mine, f"{prefix}{name}.")
        if tells and mine:
            seen[MASKED] = list(dict.fromkeys(mine))
        return seen

    return mask


def _inner(field: fields.Field[Any]) -> _Mask:
    """What becomes of the value of a field that isn't hidden itself."""
    if isinstance(field, fields.Nested):
        mask, empty = _object_mask(type(field.schema)), dict.fromkeys(field.schema.fields)
        # Whether there is one at all is not told either.
        default = empty if field.metadata.get("personal") else None
        return lambda value, told, path: mask(default if value is None else value, told, path)
    if isinstance(field, fields.List):
        each = _inner(field.inner)
        return lambda value, told, path: value if value is None else [each(item, told, path) for item in value]
    return lambda value, _told, _path: value


def _blank(field: fields.Field[Any]) -> Callable[[Any], Any]:
    """What stands for a field's value where it is hidden. Raises Unmaskable for one that may be hidden and can't be."""
    if "masked_as" in field.metadata:
        return cast("Callable[[Any], Any]", field.metadata["masked_as"])
    if field.allow_none:
        return lambda _value: None
    if isinstance(field, fields.List):
        return lambda _value: []
    if isinstance(field, fields.Dict):
        return lambda _value: {}
    if type(field) in (fields.String, Text):
        return lambda _value: MASK
    if field.metadata.get("hidden", field.metadata.get("personal", False)):
        raise Unmaskable(f"{field.name} is a {type(field).__name__} that can't be null")
    return lambda value: value

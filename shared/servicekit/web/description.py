"""What the API's description says about our fields beyond what flask-smorest knows."""

from __future__ import annotations

from typing import Any

from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow.fields import Field
from marshmallow.validate import Regexp

from servicekit.web.fields import Moment


def describe_fields(converter: OpenAPIConverter) -> None:
    """Teach apispec our kinds of fields, to mark what says something about a person as ``x-personal``
    (``x-never-masked`` where it doesn't say who that is), and to write patterns as JSON Schema has them."""
    converter.map_to_openapi_type(Moment, "string", "date-time")
    converter.add_attribute_function(_personal)
    converter.add_attribute_function(_pattern)


def portable_pattern(pattern: str) -> str:
    """A pattern for Python's ``re.match`` as an ECMA-262 one, which is not anchored at the start and has no ``\\Z``."""
    whole = pattern.endswith(r"\Z")
    body = pattern.removesuffix(r"\Z").removeprefix("^")
    if "|" in body:
        body = f"(?:{body})"
    return f"^{body}$" if whole else f"^{body}"


def _personal(_converter: OpenAPIConverter, field: Field[Any], **_: Any) -> dict[str, Any]:
    if not field.metadata.get("personal"):
        return {}
    return {"x-personal": True, **({"x-never-masked": True} if field.metadata.get("hidden") is False else {})}


def _pattern(_converter: OpenAPIConverter, field: Field[Any], **_: Any) -> dict[str, Any]:
    for validator in field.validators:
        if isinstance(validator, Regexp):
            return {"pattern": portable_pattern(str(validator.regex.pattern))}
    return {}

"""What is asked of the search."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from servicekit.web.describing import described
from services.search.columns import BY_COLUMN, Order
from services.search.schemas.found import CUSTOMER_ID
from services.search.sections import SHOWN_FIELDS

LONGEST_WAIT = 5_000


def _text(description: str, longest: int, example: Any = None, **options: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=longest), metadata=described(description, example), **options)


_Q = (
    "What the customer can tell: names, email, address, phone, birthdate, IDs, country, currency. Every word must "
    'match; none: everybody. `field:value`, `"words together"`, `-not`, `OR`, `registered>=2026-01-01`, '
    "`last_login<30d`, `has:phone` say more exactly what is meant."
)
_FILTER = "Conditions in the same language, each with its field: narrows without changing the order of the hits."
_SORT = "A column, with `-` before it for the other direction; empty ones come last. Without: best first, then newest."
_COLUMNS = "Which fields of a customer to answer; `id`, `matched` and `score` always come."
_LIMIT = "How many at the most."
_TOTAL = "`exact` counts to the end; else the total is exact up to 10,000."
_WAIT = "How long to wait for that write, in milliseconds, before the answer comes without it."
_TOKEN = "The header `Version-Token` of a write: be answered from an index that has it."  # noqa: S105
_CURSOR = "`next_cursor` of the page before, for the same `q`, `filter` and `sort`."


class _Sort(fields.Field[Order]):
    """A column's name, perhaps with a minus before it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Order:
        name = value.removeprefix("-") if isinstance(value, str) else ""
        if name not in BY_COLUMN:
            raise ValidationError(f"Not a column to sort by. Columns are: {', '.join(BY_COLUMN)}.")
        return Order(name, descending=value.startswith("-"))


def _known(names: list[str]) -> list[str]:
    """Fields of the answer for names of fields or columns."""
    shown = [BY_COLUMN[name].shown if name in BY_COLUMN else name for name in names]
    unknown = [name for name in shown if name not in SHOWN_FIELDS]
    if unknown:
        raise ValidationError(f"Not a column: {unknown[0][:40]}. Columns are: {', '.join(SHOWN_FIELDS)}.")
    return list(dict.fromkeys(("id", *shown)))


class _CommaColumns(fields.Field[list[str]]):
    """Names of columns with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[str]:
        return _known([name.strip() for name in str(value).split(",")])


def _sort() -> fields.Field[Any]:
    return _Sort(metadata=described(_SORT, "-registered_at"))


def _total() -> fields.Field[Any]:
    return fields.String(
        load_default="bounded", validate=validate.OneOf(("bounded", "exact")), metadata=described(_TOTAL, "bounded")
    )


class SearchParameters(Schema):
    """What to search for, as parameters of the address."""

    q = _text(_Q, 1_000, "anna berlin", load_default="")
    filter = _text(_FILTER, 1_000, "country:DE", load_default="")
    sort = _sort()
    columns = _CommaColumns(metadata=described(_COLUMNS, "email,last_name"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200), metadata=described(_LIMIT, 50))
    cursor = _text(_CURSOR, 1_000)
    total = _total()
    version_token = _text(_TOKEN, 300, f"{CUSTOMER_ID}.7")
    wait_ms = fields.Integer(
        load_default=1_000, validate=validate.Range(0, LONGEST_WAIT), metadata=described(_WAIT, 1_000)
    )


class SearchQuery(Schema):
    """What to search for, in a body: what is searched stays out of addresses, and so out of others' logs."""

    q = _text(_Q, 1_000, "anna berlin", load_default="")
    filter = _text(_FILTER, 1_000, "country:DE", load_default="")
    sort = _sort()
    columns = fields.List(
        fields.String(validate=validate.Length(max=40)),
        validate=validate.Length(min=1, max=50),
        metadata=described(_COLUMNS, ["email", "last_name"]),
    )
    limit = fields.Integer(
        load_default=50, strict=True, validate=validate.Range(1, 200), metadata=described(_LIMIT, 50)
    )
    cursor = _text(_CURSOR, 1_000)
    total = _total()
    version_token = _text(_TOKEN, 300, f"{CUSTOMER_ID}.7")
    wait_ms = fields.Integer(
        load_default=1_000,
        strict=True,
        validate=validate.Range(0, LONGEST_WAIT),
        metadata=described(_WAIT, 1_000),
    )

    @post_load
    def _fields(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "columns" in data:
            try:
                data["columns"] = _known(data["columns"])
            except ValidationError as error:
                raise ValidationError(error.messages, "columns") from None
        return data


class SuggestionParameters(Schema):
    """What has been typed so far."""

    q = _text("What has been typed so far.", 1_000, "ber", required=True)
    limit = fields.Integer(load_default=8, validate=validate.Range(1, 20), metadata=described(_LIMIT, 8))

"""What the API takes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from servicekit.web.masking import masked_field
from services.search.columns import BY_COLUMN, Order
from services.search.documents import TELLING_NOTHING
from services.search.inbound import CUSTOMER_FIELDS

LONGEST_WAIT = 5_000
_CUSTOMER_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"


def _described(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    told = {"personal": False, "description": description, **more}
    return told if example is None else {**told, "example": example}


def personal(description: str, example: Any = None, *, hidden: Any = True) -> dict[str, Any]:
    """Metadata of a field that says something about a person; ``hidden``: where it tells who that is (``masking``)."""
    return {**_described(description, example), "personal": True, "hidden": hidden}


def _text(description: str, longest: int, example: Any = None, **options: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=longest), metadata=_described(description, example), **options)


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
    unknown = [name for name in shown if name not in CUSTOMER_FIELDS]
    if unknown:
        raise ValidationError(f"Not a column: {unknown[0][:40]}. Columns are: {', '.join(CUSTOMER_FIELDS)}.")
    return list(dict.fromkeys(("id", *shown)))


class _CommaColumns(fields.Field[list[str]]):
    """Names of columns with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[str]:
        return _known([name.strip() for name in str(value).split(",")])


def _sort() -> fields.Field[Any]:
    return _Sort(metadata=_described(_SORT, "-registered_at"))


def _total() -> fields.Field[Any]:
    return fields.String(
        load_default="bounded", validate=validate.OneOf(("bounded", "exact")), metadata=_described(_TOTAL, "bounded")
    )


class SearchParameters(Schema):
    """What to search for, as parameters of the address."""

    q = _text(_Q, 1_000, "anna berlin", load_default="")
    filter = _text(_FILTER, 1_000, "country:DE", load_default="")
    sort = _sort()
    columns = _CommaColumns(metadata=_described(_COLUMNS, "email,last_name"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200), metadata=_described(_LIMIT, 50))
    cursor = _text(_CURSOR, 1_000)
    total = _total()
    version_token = _text(_TOKEN, 300, f"{_CUSTOMER_ID}.7")
    wait_ms = fields.Integer(
        load_default=1_000, validate=validate.Range(0, LONGEST_WAIT), metadata=_described(_WAIT, 1_000)
    )


class SearchQuery(Schema):
    """What to search for, in a body: what is searched stays out of addresses, and so out of others' logs."""

    q = _text(_Q, 1_000, "anna berlin", load_default="")
    filter = _text(_FILTER, 1_000, "country:DE", load_default="")
    sort = _sort()
    columns = fields.List(
        fields.String(validate=validate.Length(max=40)),
        validate=validate.Length(min=1, max=50),
        metadata=_described(_COLUMNS, ["email", "last_name"]),
    )
    limit = fields.Integer(
        load_default=50, strict=True, validate=validate.Range(1, 200), metadata=_described(_LIMIT, 50)
    )
    cursor = _text(_CURSOR, 1_000)
    total = _total()
    version_token = _text(_TOKEN, 300, f"{_CUSTOMER_ID}.7")
    wait_ms = fields.Integer(
        load_default=1_000,
        strict=True,
        validate=validate.Range(0, LONGEST_WAIT),
        metadata=_described(_WAIT, 1_000),
    )

    @post_load
    def _fields(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "columns" in data:
            try:
                data["columns"] = _known(data["columns"])
            except ValidationError as error:
                raise ValidationError(error.messages, "columns") from None
        return data


class FoundExternalId(Schema):
    """An ID that another system gave the customer."""

    source = fields.String(required=True, metadata=_described("The system that gave it.", "publisher"))
    id = fields.String(required=True, metadata=personal("The ID there.", "C-10042"))


class FoundAddress(Schema):
    """A postal address; null where unknown."""

    line1 = fields.String(allow_none=True, metadata=personal("Street and number.", "Invalidenstraße 116"))
    line2 = fields.String(allow_none=True, metadata=personal("Whatever else the street line needs."))
    city = fields.String(allow_none=True, metadata=personal("City or town.", "Berlin"))
    state = fields.String(allow_none=True, metadata=personal("State, province or region."))
    postal_code = fields.String(allow_none=True, metadata=personal("Postal code.", "10115"))
    country = fields.String(allow_none=True, metadata=personal("ISO 3166-1 code.", "DE", hidden=False))


def _tells(reason: Mapping[str, Any]) -> bool:
    return reason.get("attribute") not in (None, *TELLING_NOTHING)


def _names_a_customer(suggestion: Mapping[str, Any]) -> bool:
    return bool(suggestion["kind"] == "customer" and suggestion["text"] != suggestion["customer_id"])


class MatchedAttribute(Schema):
    """Why a customer was found."""

    attribute = fields.String(required=True, metadata=_described("Which attribute.", "last_name"))
    value = fields.String(required=True, metadata=personal("Its value.", "Müller", hidden=_tells))
    how = fields.String(
        required=True,
        metadata=_described(
            "How what was typed matches it; this also is the order of the hits.",
            "prefix",
            enum=["identifier", "word", "prefix", "typo"],
        ),
    )
    masked = masked_field()


class FoundCustomer(Schema):
    """A customer that was found; of its fields those that were asked for."""

    id = fields.String(required=True, metadata=_described("Our ID.", _CUSTOMER_ID))
    email = fields.String(allow_none=True, metadata=personal("The login.", "anna@example.com"))
    first_name = fields.String(allow_none=True, metadata=personal("First name.", "Anna"))
    last_name = fields.String(allow_none=True, metadata=personal("Last name.", "Müller"))
    company = fields.String(allow_none=True, metadata=personal("Company."))
    birthdate = fields.Date(allow_none=True, metadata=personal("Date of birth.", "1985-03-12"))
    phone = fields.String(allow_none=True, metadata=personal("Telephone, as it was given."))
    language = fields.String(allow_none=True, metadata=personal("BCP 47 tag.", "de", hidden=False))
    currency = fields.String(allow_none=True, metadata=_described("ISO 4217 code.", "EUR"))
    country = fields.String(allow_none=True, metadata=_described("ISO 3166-1 code.", "DE"))
    address = fields.Nested(FoundAddress, allow_none=True, metadata=personal("Postal address.", hidden=False))
    external_ids = fields.List(fields.Nested(FoundExternalId), metadata=personal("IDs elsewhere."))
    attributes = fields.Dict(keys=fields.String(), metadata=personal("Custom attributes."))
    status = fields.String(metadata=_described("Status of the account.", "active"))
    registered_at = fields.AwareDateTime(metadata=_described("When the account began."))
    last_login_at = fields.AwareDateTime(allow_none=True, metadata=_described("Last login."))
    anonymized_at = fields.AwareDateTime(allow_none=True, metadata=_described("Always null here."))
    version = fields.Integer(metadata=_described("The customer's version that is shown.", 7))
    matched = fields.List(fields.Nested(MatchedAttribute), required=True)
    score = fields.Integer(required=True, metadata=_described("What hits are sorted by; higher is better.", 420))
    masked = masked_field()


class SuggestionParameters(Schema):
    """What has been typed so far."""

    q = _text("What has been typed so far.", 1_000, "ber", required=True)
    limit = fields.Integer(load_default=8, validate=validate.Range(1, 20), metadata=_described(_LIMIT, 8))


class Suggestion(Schema):
    """One thing that may be meant."""

    kind = fields.String(
        required=True,
        metadata=_described(
            "A customer to open, a value to narrow by, or a field of the query language.",
            "value",
            enum=["customer", "value", "field"],
        ),
    )
    text = fields.String(required=True, metadata=personal("What to show.", "Berlin", hidden=_names_a_customer))
    customer_id = fields.String(metadata=_described("Whom to open.", _CUSTOMER_ID))
    attribute = fields.String(allow_none=True, metadata=_described("Which attribute matched.", "city"))
    value = fields.String(allow_none=True, metadata=personal("Its value.", "Berlin", hidden=_tells))
    q = fields.String(metadata=personal("What to search for if it is taken.", 'anna city:"Berlin"', hidden=_tells))
    masked = masked_field()


class Suggestions(Schema):
    """What may be meant, the likeliest first."""

    suggestions = fields.List(fields.Nested(Suggestion), required=True)


class SearchTotal(Schema):
    """How many match."""

    value = fields.Integer(required=True, metadata=_described("How many; at least so many if not exact.", 1))
    exact = fields.Boolean(
        required=True, metadata=_described("Up to 10,000 it is, and where an exact one was asked for.", True)
    )


class SearchPage(Schema):
    """Customers found: identifiers first, then whole words, beginnings of words, typos; the newest of equals first.

    Or by the column that was asked for.
    """

    items = fields.List(fields.Nested(FoundCustomer), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=_described("Where to go on; null at the end."))
    total = fields.Nested(SearchTotal, required=True)
    degraded = fields.Boolean(
        metadata=_described("The search engine is down: only those with exactly this ID or email are shown.", True)
    )
    version_token_satisfied = fields.Boolean(
        metadata=_described("Whether this answer knows the write of `version_token`.", True)
    )

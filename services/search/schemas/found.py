"""What the search answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from servicekit.web import describing
from servicekit.web.describing import described
from servicekit.web.masking import masked_field
from services.search.schemas.account import FoundAccount
from services.search.schemas.notes import FoundNotes
from services.search.transactions import TELLING_NOTHING

CUSTOMER_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"


def personal(description: str, example: Any = None, *, hidden: Any = True) -> dict[str, Any]:
    """Metadata of a field that says something about a person; ``hidden``: where it tells who that is (``masking``)."""
    return describing.personal(description, example, hidden=hidden)


def _tells(reason: Mapping[str, Any]) -> bool:
    return reason.get("attribute") not in (None, *TELLING_NOTHING)


def _names_a_customer(suggestion: Mapping[str, Any]) -> bool:
    return bool(suggestion["kind"] == "customer" and suggestion["text"] != suggestion["customer_id"])


class FoundExternalId(Schema):
    """An ID that another system gave the customer."""

    source = fields.String(required=True, metadata=described("The system that gave it.", "publisher"))
    id = fields.String(required=True, metadata=personal("The ID there.", "C-10042"))


class FoundAddress(Schema):
    """A postal address; null where unknown."""

    line1 = fields.String(allow_none=True, metadata=personal("Street and number.", "Invalidenstraße 116"))
    line2 = fields.String(allow_none=True, metadata=personal("Whatever else the street line needs."))
    city = fields.String(allow_none=True, metadata=personal("City or town.", "Berlin"))
    state = fields.String(allow_none=True, metadata=personal("State, province or region."))
    postal_code = fields.String(allow_none=True, metadata=personal("Postal code.", "10115"))
    country = fields.String(allow_none=True, metadata=personal("ISO 3166-1 code.", "DE", hidden=False))


class MatchedAttribute(Schema):
    """Why a customer was found."""

    attribute = fields.String(required=True, metadata=described("Which attribute.", "last_name"))
    value = fields.String(required=True, metadata=personal("Its value.", "Müller", hidden=_tells))
    how = fields.String(
        required=True,
        metadata=described(
            "How what was typed matches it; this also is the order of the hits.",
            "prefix",
            enum=["identifier", "word", "prefix", "typo"],
        ),
    )
    masked = masked_field()


class FoundCustomer(FoundAccount, FoundNotes):
    """A customer that was found; of its fields those that were asked for."""

    id = fields.String(required=True, metadata=described("Our ID.", CUSTOMER_ID))
    email = fields.String(allow_none=True, metadata=personal("The login.", "anna@example.com"))
    first_name = fields.String(allow_none=True, metadata=personal("First name.", "Anna"))
    last_name = fields.String(allow_none=True, metadata=personal("Last name.", "Müller"))
    company = fields.String(allow_none=True, metadata=personal("Company."))
    birthdate = fields.Date(allow_none=True, metadata=personal("Date of birth.", "1985-03-12"))
    phone = fields.String(allow_none=True, metadata=personal("Telephone, as it was given."))
    language = fields.String(allow_none=True, metadata=personal("BCP 47 tag.", "de", hidden=False))
    currency = fields.String(allow_none=True, metadata=described("ISO 4217 code.", "EUR"))
    country = fields.String(allow_none=True, metadata=described("ISO 3166-1 code.", "DE"))
    address = fields.Nested(FoundAddress, allow_none=True, metadata=personal("Postal address.", hidden=False))
    external_ids = fields.List(fields.Nested(FoundExternalId), metadata=personal("IDs elsewhere."))
    attributes = fields.Dict(keys=fields.String(), metadata=personal("Custom attributes."))
    status = fields.String(metadata=described("Status of the account.", "active"))
    registered_at = fields.AwareDateTime(metadata=described("When the account began."))
    last_login_at = fields.AwareDateTime(allow_none=True, metadata=described("Last login."))
    anonymized_at = fields.AwareDateTime(allow_none=True, metadata=described("Always null here."))
    version = fields.Integer(metadata=described("The customer's version that is shown.", 7))
    matched = fields.List(fields.Nested(MatchedAttribute), required=True)
    score = fields.Integer(required=True, metadata=described("What hits are sorted by; higher is better.", 420))
    masked = masked_field()


class Suggestion(Schema):
    """One thing that may be meant."""

    kind = fields.String(
        required=True,
        metadata=described(
            "A customer to open, a value to narrow by, or a field of the query language.",
            "value",
            enum=["customer", "value", "field"],
        ),
    )
    text = fields.String(required=True, metadata=personal("What to show.", "Berlin", hidden=_names_a_customer))
    customer_id = fields.String(metadata=described("Whom to open.", CUSTOMER_ID))
    attribute = fields.String(allow_none=True, metadata=described("Which attribute matched.", "city"))
    value = fields.String(allow_none=True, metadata=personal("Its value.", "Berlin", hidden=_tells))
    q = fields.String(metadata=personal("What to search for if it is taken.", 'anna city:"Berlin"', hidden=_tells))
    masked = masked_field()


class Suggestions(Schema):
    """What may be meant, the likeliest first."""

    suggestions = fields.List(fields.Nested(Suggestion), required=True)


class SearchTotal(Schema):
    """How many match."""

    value = fields.Integer(required=True, metadata=described("How many; at least so many if not exact.", 1))
    exact = fields.Boolean(
        required=True, metadata=described("Up to 10,000 it is, and where an exact one was asked for.", True)
    )


class SearchPage(Schema):
    """Customers found: identifiers first, then whole words, beginnings of words, typos; the newest of equals first.

    Or by the column that was asked for.
    """

    items = fields.List(fields.Nested(FoundCustomer), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))
    total = fields.Nested(SearchTotal, required=True)
    degraded = fields.Boolean(
        metadata=described("The search engine is down: only those with exactly this ID or email are shown.", True)
    )
    version_token_satisfied = fields.Boolean(
        metadata=described("Whether this answer knows the write of `version_token`.", True)
    )

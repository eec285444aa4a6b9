"""How a customer is shown: in answers, in events and in the feed, always the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import NOT_TELLING, EditorView, described, personal
from servicekit.web.masking import masked_field
from services.customers.schemas import Address

_CUSTOMER_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"
_KEY_ID = "key_06h5yvkg1scm7h3b8k5rqt2xzw"
TELLING_NOTHING = ("language", "currency", "country", "address.country")
"""Fields that can be edited and don't say who somebody is: their changes are shown to everybody who may read."""
ADDRESS_PARTS = ("line1", "line2", "city", "state", "postal_code", "country")


class CustomerRow(Protocol):
    """A customer, as a model or as a row of a query."""

    id: Any
    publisher_id: Any
    email: Any
    first_name: Any
    last_name: Any
    company: Any
    birthdate: Any
    phone: Any
    language: Any
    currency: Any
    country: Any
    address: Any
    external_ids: Any
    attributes: Any
    status: Any
    registered_at: Any
    last_login_at: Any
    anonymized_at: Any
    revision: Any
    version: Any


def customer_state(row: CustomerRow) -> dict[str, Any]:
    """The full public state, ready for JSON; keys in a fixed order, which the database does not keep."""
    return {
        "id": row.id,
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "company": row.company,
        "birthdate": _day(row.birthdate),
        "phone": row.phone,
        "language": row.language,
        "currency": row.currency,
        "country": row.country,
        "address": _address(row.address),
        "external_ids": _external_ids(row.external_ids),
        "attributes": dict(sorted(row.attributes.items())),
        "status": row.status,
        "registered_at": rfc3339(row.registered_at),
        "last_login_at": _moment(row.last_login_at),
        "anonymized_at": _moment(row.anonymized_at),
        "version": row.version,
    }


def change_state(row: Any) -> dict[str, Any]:
    """One entry of the change history, ready for JSON."""
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "revision": row.revision,
        "at": rfc3339(row.at),
        "editor": {"id": row.editor_id, "name": row.editor_name, "kind": row.editor_kind},
        "action": row.action,
        "erased": any(field["old"] is None and field["new"] is None for field in row.fields),
        "fields": [_field_change(**field) for field in row.fields],
    }


class AddressView(Address):
    """A postal address; every part is present, null where unknown."""


class ExternalIdView(Schema):
    """An ID that another system gave this customer."""

    source = fields.String(required=True, metadata=described("The system that gave it.", "publisher"))
    id = fields.String(required=True, metadata=personal("The ID there.", "C-10042"))


class CustomerState(Schema):
    """A customer."""

    id = fields.String(required=True, metadata=described("Our ID.", _CUSTOMER_ID))
    email = fields.String(required=True, allow_none=True, metadata=personal("The login.", "anna@example.com"))
    first_name = fields.String(required=True, allow_none=True, metadata=personal("First name.", "Anna"))
    last_name = fields.String(required=True, allow_none=True, metadata=personal("Last name.", "Müller"))
    company = fields.String(required=True, allow_none=True, metadata=personal("Company."))
    birthdate = fields.Date(required=True, allow_none=True, metadata=personal("Date of birth.", "1985-03-12"))
    phone = fields.String(required=True, allow_none=True, metadata=personal("Telephone, as it was given."))
    language = fields.String(required=True, allow_none=True, metadata=personal("BCP 47 tag.", "de", **NOT_TELLING))
    currency = fields.String(required=True, allow_none=True, metadata=described("ISO 4217 code.", "EUR"))
    country = fields.String(required=True, allow_none=True, metadata=described("ISO 3166-1 code.", "DE"))
    address = fields.Nested(
        AddressView, required=True, allow_none=True, metadata=personal("Postal address.", **NOT_TELLING)
    )
    external_ids = fields.List(fields.Nested(ExternalIdView), required=True, metadata=personal("IDs elsewhere."))
    attributes = fields.Dict(keys=fields.String(), required=True, metadata=personal("Custom attributes."))
    status = fields.String(
        required=True,
        metadata=described("`active` or `anonymized`.", enum=["active", "anonymized"]),
    )
    registered_at = fields.AwareDateTime(required=True, metadata=described("When the account began."))
    last_login_at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("Last login."))
    anonymized_at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("When anonymized."))
    version = fields.Integer(required=True, metadata=described("Counts every change, logins too."))


class CustomerView(CustomerState):
    """A customer."""

    masked = masked_field()


class CustomerPage(Schema):
    """Some customers, newest first."""

    items = fields.List(fields.Nested(CustomerView), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


def _is_telling(change: Mapping[str, Any]) -> bool:
    return change["field"] not in TELLING_NOTHING


def _is_attribute(change: Mapping[str, Any]) -> bool:
    """The publisher's own attribute names may be telling."""
    return str(change["field"]).startswith("attributes.")


class FieldChangeView(Schema):
    """One field's change."""

    field = fields.String(
        required=True,
        metadata=described(
            "The field, `address.city` for a part.",
            "email",
            hidden=_is_attribute,
            masked_as=lambda field: field.partition(".")[0],
        ),
    )
    old = fields.Raw(
        required=True, allow_none=True, metadata=personal("Before.", "anna@example.com", hidden=_is_telling)
    )
    new = fields.Raw(
        required=True, allow_none=True, metadata=personal("After.", "anna@example.org", hidden=_is_telling)
    )
    masked = masked_field()


class ChangeView(Schema):
    """An entry of the change history."""

    id = fields.String(required=True, metadata=described("Its ID.", "chg_06h5yvkg1scm7h3b8k5rqt2xzw"))
    customer_id = fields.String(required=True, metadata=described("Whose.", _CUSTOMER_ID))
    revision = fields.Integer(required=True, metadata=described("The ETag's number after it.", 2))
    at = fields.AwareDateTime(required=True, metadata=described("When."))
    editor = fields.Nested(EditorView, required=True)
    action = fields.String(
        required=True, metadata=described("What.", enum=["edited", "created", "imported", "anonymized"])
    )
    erased = fields.Boolean(
        required=True,
        metadata=described(
            "Whether the values were erased when the customer was anonymized: then all are null.", False
        ),
    )
    fields = fields.List(fields.Nested(FieldChangeView), required=True)  # type: ignore[assignment]


class ChangePage(Schema):
    """Some entries of the change history, newest first."""

    items = fields.List(fields.Nested(ChangeView), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


class LoginView(Schema):
    """A login."""

    id = fields.String(required=True, metadata=described("Its ID.", "lgn_06h5yvkg1scm7h3b8k5rqt2xzw"))
    customer_id = fields.String(required=True, metadata=described("Who logged in.", _CUSTOMER_ID))
    at = fields.AwareDateTime(required=True, metadata=described("When."))


class ConfirmationView(Schema):
    """A service's part in an anonymization."""

    service = fields.String(required=True, metadata=described("Which service.", "search"))
    confirmed_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=described("When it held nothing personal any more; null before.")
    )


class ErasureView(Schema):
    """How far an anonymization is; afterwards, its receipt."""

    customer_id = fields.String(required=True, metadata=described("Whose.", _CUSTOMER_ID))
    status = fields.String(required=True, metadata=described("How far.", enum=["in_progress", "completed"]))
    requested_at = fields.AwareDateTime(required=True, metadata=described("When it was asked for."))
    requested_by = fields.String(required=True, metadata=described("ID of the staff member or API key.", _KEY_ID))
    completed_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=described("When the last service confirmed; null before.")
    )
    services = fields.List(fields.Nested(ConfirmationView), required=True)


def _address(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else {part: value.get(part) for part in ADDRESS_PARTS}


def _external_ids(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"source": entry["source"], "id": entry["id"]} for entry in entries]


def _field_change(*, field: str, old: Any, new: Any) -> dict[str, Any]:
    if field == "external_ids":
        old, new = old and _external_ids(old), new and _external_ids(new)
    return {"field": field, "old": old, "new": new}


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _moment(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)

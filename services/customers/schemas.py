"""What the API takes and answers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from servicekit import clock
from servicekit.web.describing import NOT_TELLING, described, personal
from servicekit.web.fields import Moment, Text, TrueOrFalse
from services.customers.vocabulary import countries, currencies, language_tag

_PHONE = re.compile(r"\+?[0-9 ()./-]{4,32}\Z")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_PLAIN_EMAIL = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)\Z")
_OLDEST = date(1880, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Email(Text):
    """An email address (RFC 5321, 6531), its domain in lower case. Whether mail arrives there is not tried."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        try:
            return _normalized(text)
        except (EmailNotValidError, ValueError) as error:
            raise ValidationError(f"Not a valid email address: {error}") from None


class Country(fields.String):
    """A country's ISO 3166-1 code, e.g. ``DE``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        code = super()._deserialize(value, attr, data, **kwargs)[:3].upper()
        if code not in countries():
            raise ValidationError("Not a country's two-letter code (ISO 3166-1), such as DE.")
        return code


class Currency(fields.String):
    """A currency's ISO 4217 code, e.g. ``EUR``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        code = super()._deserialize(value, attr, data, **kwargs)[:4].upper()
        if code not in currencies():
            raise ValidationError("Not a currency's three-letter code (ISO 4217), such as EUR.")
        return code


class Language(fields.String):
    """A language tag (BCP 47), e.g. ``de`` or ``pt-BR``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        tag = language_tag(super()._deserialize(value, attr, data, **kwargs)[:40])
        if tag is None:
            raise ValidationError("Not a language tag (BCP 47), such as de or pt-BR.")
        return tag


class Birthdate(fields.Date):
    """A day in the past, not before 1880."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}\Z", value, re.ASCII):
            raise ValidationError("Not a date such as 1985-03-12.")
        day = super()._deserialize(value, attr, data, **kwargs)
        if not _OLDEST <= day <= clock.now().date():
            raise ValidationError("Not between 1880-01-01 and today.")
        return day


def _normalized(email: str) -> str:
    """As email-validator has it. Raises EmailNotValidError, ValueError.

    Most addresses are plain, and of few domains: then only the domain is its to judge, and once.
    """
    plain = _PLAIN_EMAIL.match(email)
    if plain is None or "xn--" in email:
        return _validated(email).normalized
    return f"{plain[1]}@{_domain(plain[2])}"


@lru_cache(maxsize=5_000)
def _domain(name: str) -> str:
    return _validated(f"a@{name}").domain


def _validated(email: str) -> ValidatedEmail:
    return validate_email(email, check_deliverability=False, test_environment=True)


def _phone(value: str | None) -> None:
    if value is not None and (not _PHONE.match(value) or sum(map(str.isdigit, value)) < 4):
        raise ValidationError("Not a telephone number: digits, spaces, ( ) . / - and a leading + only.")


def _past(at: datetime) -> None:
    if at < _EPOCH:
        raise ValidationError("Before 1970.")
    if at > clock.now() + timedelta(minutes=5):
        raise ValidationError("In the future.")


def _attributes(value: dict[str, Any] | None) -> None:
    if value is None:
        return
    if len(value) > 50:
        raise ValidationError("More than 50 custom attributes.")
    for name, content in value.items():
        if not _ATTRIBUTE.match(name):
            raise ValidationError("Names have 1 to 64 letters, digits, _ . or -.")
        if not (content is None or isinstance(content, (str, bool, int, float))):
            raise ValidationError(f"{name}: only text, numbers, true, false and null.")
        if isinstance(content, str) and len(content) > 500:
            raise ValidationError(f"{name}: longer than 500 characters.")


class Address(Schema):
    """A postal address."""

    line1 = Text(max_length=200, allow_none=True, metadata=personal("Street and number.", "Invalidenstraße 116"))
    line2 = Text(max_length=200, allow_none=True, metadata=personal("Whatever else the street line needs."))
    city = Text(max_length=100, allow_none=True, metadata=personal("City or town.", "Berlin"))
    state = Text(max_length=100, allow_none=True, metadata=personal("State, province or region; code or name."))
    postal_code = Text(max_length=200, allow_none=True, metadata=personal("Postal code, or several.", "10115"))
    country = Country(
        allow_none=True, metadata=personal("ISO 3166-1 code.", "DE", pattern="^[A-Za-z]{2}$", **NOT_TELLING)
    )


class ExternalIdField(Schema):
    """An ID that another system gave this customer."""

    source = fields.String(
        load_default="publisher",
        validate=validate.Regexp(_SOURCE, error="1 to 64 of a-z, 0-9, _ . -"),
        metadata=described("The system that gave it.", "publisher"),
    )
    id = Text(max_length=200, required=True, metadata=personal("The ID there.", "C-10042"))


class EditCustomer(Schema):
    """What changes, as JSON Merge Patch (RFC 7396): what is absent stays, null clears, a list is replaced whole."""

    email = Email(
        max_length=254,
        allow_none=True,
        metadata=personal("The login. Free, and valid.", "anna@example.com", format="email"),
    )
    first_name = Text(max_length=100, allow_none=True, metadata=personal("First name.", "Anna"))
    last_name = Text(max_length=100, allow_none=True, metadata=personal("Last name.", "Müller"))
    company = Text(max_length=200, allow_none=True, metadata=personal("Company."))
    birthdate = Birthdate(allow_none=True, metadata=personal("Date of birth.", "1985-03-12"))
    phone = Text(
        max_length=40,
        allow_none=True,
        validate=_phone,
        metadata=personal("Telephone.", "+49 30 123456", pattern="^\\+?[0-9 ()./-]{4,32}$"),
    )
    language = Language(
        allow_none=True, metadata=personal("BCP 47 tag.", "de", pattern="^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}$")
    )
    currency = Currency(allow_none=True, metadata=described("ISO 4217 code.", "EUR", pattern="^[A-Za-z]{3}$"))
    country = Country(
        allow_none=True,
        metadata=described(
            "ISO 3166-1 code. While it is unknown and not sent, `address.country` fills it.",
            "DE",
            pattern="^[A-Za-z]{2}$",
        ),
    )
    address = fields.Nested(Address, allow_none=True, metadata=personal("Postal address."))
    external_ids = fields.List(
        fields.Nested(ExternalIdField),
        validate=validate.Length(max=50),
        metadata=personal("IDs of the publisher's and the stores' own."),
    )
    attributes = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        validate=_attributes,
        metadata=personal(
            "Custom attributes: up to 50 names with text, numbers or booleans; null takes one away.",
            {"plan_interest": "gold"},
            maxProperties=50,
        ),
    )

    @validates_schema
    def _distinct(self, data: dict[str, Any], **_: Any) -> None:
        pairs = [(entry["source"], entry["id"]) for entry in data.get("external_ids") or []]
        if len(pairs) != len(set(pairs)):
            raise ValidationError("The same external ID twice.", "external_ids")


class CreateCustomer(EditCustomer):
    """A new customer. An email address or an external ID is needed; the rest may come later."""

    registered_at = Moment(
        validate=_past,
        metadata=described("When the account began; now, if absent. Not before 1970, not in the future."),
    )


class RecordLogin(Schema):
    """A login of the customer."""

    at = Moment(validate=_past, metadata=described("When; now, if absent. Not before 1970, not in the future."))


class Anonymize(Schema):
    """Confirmation of what can't be undone."""

    end_access = TrueOrFalse(
        load_default=False,
        metadata=described("Also end subscriptions and access that still run."),
    )


class ListCustomers(Schema):
    """Which customers, and where to go on."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at the most.", 50)
    )
    email = fields.String(
        validate=validate.Length(max=254),
        metadata=described("Only the one with this address, in whatever letter case."),
    )
    external_id = fields.String(
        validate=validate.Length(max=200),
        metadata=described("Only those with this ID, whatever its source; case-sensitive."),
    )


class Page(Schema):
    """Where to go on in a list."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at the most.", 50)
    )

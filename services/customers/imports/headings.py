"""Which field a column's heading means, however it is spelled; and the exports of others, known by their headings."""

from __future__ import annotations

from collections.abc import Collection

from servicekit.imports.errors import InvalidMapping
from servicekit.imports.vocabulary import Shape, Vocabulary, meanings_of
from services.customers.imports import fields
from services.customers.imports.fields import ADDRESS, CODES, EXTERNAL_ID, EXTERNAL_SOURCE, MOMENTS, NAME, TEXTS

_OTHER_NAMES = {
    "email": "email address, e mail, e mail address, mail, login, user email, customer email",
    "first_name": "firstname, given name, givenname, forename, prename",
    "last_name": "lastname, surname, family name, familyname",
    NAME: "name, full name, fullname, customer name",
    "company": "company name, organization, organisation",
    "birthdate": "birth date, date of birth, dob, birthday",
    "phone": "phone number, telephone, telephone number, mobile, mobile phone, mobile number",
    "language": "locale, lang, language code",
    "currency": "currency code",
    "country": "country code, country name, country iso",
    "line1": "address line1, address line 1, address1, address 1, street, street address, address",
    "line2": "address line2, address line 2, address2, address 2",
    "city": "address city, town, locality",
    "state": "address state, province, region, county, state province, state code",
    "postal_code": "address postal code, postcode, post code, zip, zip code, zipcode, address zip, postal",
    "address_country": "address country",
    "external_id": "externalid, external id, customer external id, external customer id",
    "external_id_source": "external source",
    "registered_at": "registered, registration date, create date, created, created at, created on, date created, "
    "signup date",
    "last_login_at": "last login, last login date, last seen",
}
SHAPES = (
    # developers.cleeng.com/docs/users-data
    Shape(
        "cleeng_users",
        ("email", "locale", "country code", "currency"),
        ("last login", "create date", "ip address", "timezone", "external id", "password hash"),
    ),
    # The dashboard's export of customers, and docs.stripe.com/get-started/data-migrations/export-file-formats
    Shape(
        "stripe_customers",
        ("id", "email"),
        ("created (utc)", "delinquent", "card id", "card last4", "default source", "total spend"),
        {
            "id": "external_ids.stripe",
            "created": "registered_at",
            "card address line1": "line1",
            "card address line2": "line2",
            "card address city": "city",
            "card address state": "state",
            "card address zip": "postal_code",
            "card address country": "address_country",
        },
    ),
)


def check_constant(name: str, value: str) -> None:
    """Raises ValidationError or InvalidMapping for a value that no customer could have, or not all of them."""
    if name == EXTERNAL_SOURCE:
        fields.load_source(value)
    elif name.startswith(fields.ATTRIBUTES):
        fields.load_attributes({name.removeprefix(fields.ATTRIBUTES): value})
    elif name in ("email", EXTERNAL_ID) or name.startswith(fields.EXTERNAL_IDS):
        raise InvalidMapping(f"{name} tells customers apart: it can't be the same for all.")
    elif name != NAME:
        fields.load(name, value)


def check_fields(columns: Collection[str], constants: Collection[str]) -> None:
    """Raises InvalidMapping where a column needs another one that isn't there."""
    if EXTERNAL_SOURCE in columns and EXTERNAL_ID not in {*columns, *constants}:
        raise InvalidMapping("external_id_source says whose external_id it is: a column for that one is missing.")


_OWN_NAMES = (*TEXTS, *CODES, *MOMENTS, *ADDRESS, "birthdate", EXTERNAL_ID, EXTERNAL_SOURCE, NAME)
VOCABULARY = Vocabulary(
    fields=fields.field_names(),
    canonical=fields.canonical,
    meanings=meanings_of(_OWN_NAMES, _OTHER_NAMES),
    check_constant=check_constant,
    check_fields=check_fields,
    shapes=SHAPES,
    nested=fields.NESTED,
)

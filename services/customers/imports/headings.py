"""Which field a column's heading means, however it is spelled; and the exports of others, known by their headings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from services.customers.imports.fields import ADDRESS, CODES, MOMENTS, NAME, TEXTS

NOT_IMPORTED = ""

_PARENTHESIS = re.compile(r"\([^)]*\)")
_APART = re.compile(r"[\s_\-./*:\"'\ufeff]+")

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
_SECRET = {
    "password", "password hash", "passwordhash", "hashed password", "password digest", "password salt", "salt",
    "passwort", "pwd", "password encrypted", "card number", "pan", "cvc", "cvv", "card cvc", "card cvv",
}  # fmt: skip
REMARKS = ("row", "column", "reason")
"""The columns that a file of rejected rows has before the original ones."""

OTHER_REMARKS = ("rejected_row", "rejected_column", "rejected_reason")
"""Their names where the original ones have those."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An export of another system: known by headings that it always has and by one of ``some``; what they mean.

    A column of it that means nothing here is not imported, and said so, instead of refused.
    """

    name: str
    always: Collection[str]
    some: Collection[str]
    means: Mapping[str, str] = field(default_factory=dict)


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


def plain(heading: str) -> str:
    """A heading as it is compared: no letter case, no stars, one blank between words."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return _APART.sub(" ", text).strip()


def _short(heading: str) -> str:
    """Without what stands in parentheses, such as ``(UTC)``."""
    return plain(_PARENTHESIS.sub("", heading))


def _table() -> dict[str, str]:
    own = (*TEXTS, *CODES, *MOMENTS, *ADDRESS, "birthdate", "external_id", "external_id_source", NAME)
    named = {plain(name): name for name in own}
    for target, names in _OTHER_NAMES.items():
        named |= dict.fromkeys(names.split(", "), target)
    return named


_MEANINGS = _table()


def is_secret(heading: str) -> bool:
    """Whether the column holds what is never stored here: passwords in any form, card numbers."""
    return plain(heading) in _SECRET or _short(heading) in _SECRET


def meaning(heading: str, shape: Shape | None = None) -> str | None:
    """The field that a heading means; ``NOT_IMPORTED`` for one of the shape's that means none here; None if unknown."""
    for spelled in (plain(heading), _short(heading)):
        if shape is not None and spelled in shape.means:
            return shape.means[spelled]
        if spelled in _MEANINGS:
            return _MEANINGS[spelled]
    return None if shape is None else NOT_IMPORTED


def shape_of(headings: Iterable[str]) -> Shape | None:
    """The export that has these headings, if it is one that is known."""
    spelled = {form for heading in headings for form in (plain(heading), _short(heading))}
    return next((s for s in SHAPES if spelled.issuperset(s.always) and spelled.intersection(s.some)), None)


def is_our_remark(heading: str, headings: Collection[str]) -> bool:
    """Whether the column is one that a file of rejected rows has before the original ones."""
    present = {plain(other) for other in headings}
    for remarks in (OTHER_REMARKS, REMARKS):
        names = {plain(name) for name in remarks}
        if present.issuperset(names):
            return plain(heading) in names
    return False


def remarks_beside(headings: Iterable[str]) -> tuple[str, str, str]:
    """The names of remarks that none of these columns has."""
    present = {plain(heading) for heading in headings}
    return OTHER_REMARKS if present.intersection(REMARKS) else REMARKS


def shape_named(name: str | None) -> Shape | None:
    """A shape by its name."""
    return next((shape for shape in SHAPES if shape.name == name), None)

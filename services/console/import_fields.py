"""What a column of a file can become, as people are offered it."""

from __future__ import annotations

import re

# The API's names of fields, and ours for people.
CHOICES = (
    ("email", "Email"),
    ("name", "Name (first and last)"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("company", "Company"),
    ("birthdate", "Birthdate"),
    ("phone", "Phone"),
    ("language", "Language"),
    ("currency", "Currency"),
    ("country", "Country"),
    ("line1", "Address line 1"),
    ("line2", "Address line 2"),
    ("city", "City"),
    ("state", "State"),
    ("postal_code", "Postal code"),
    ("address_country", "Country of the address"),
    ("external_id", "External ID"),
    ("registered_at", "Registered"),
    ("last_login_at", "Last login"),
)
_APART = re.compile(r"[^a-z0-9]+")
_LONGEST = 40


def attribute_of(column: str) -> str:
    """The field that keeps a column as a custom attribute; empty if no name can be made of its heading."""
    name = _APART.sub("_", column.casefold()).strip("_")[:_LONGEST]
    return f"attributes.{name}" if name else ""

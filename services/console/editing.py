"""The form that edits a customer: its fields, what of them was changed, and what becomes of an edit in between.

The form holds each field twice, as it was when the form was made and as it is wanted: so only what differs is sent,
and when somebody else was faster, all three values can be shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

MINE, THEIRS = "mine", "theirs"
_ETAG = re.compile(r'"[1-9][0-9]{0,17}"\Z')
# More than any field takes, so that the API still says what is wrong with it.
_LONGEST = 5_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``kind`` says how it is typed and shown; ``more`` ones are folded away at first."""

    name: str
    label: str
    kind: str = "text"
    longest: int = 200
    more: bool = True
    wide: bool = False


FIELDS: Sequence[Field] = (
    Field("first_name", "First name", longest=100, more=False),
    Field("last_name", "Last name", longest=100, more=False),
    Field("email", "Email", "email", longest=254, more=False, wide=True),
    Field("company", "Company", more=False, wide=True),
    Field("phone", "Phone", "tel", longest=40),
    Field("birthdate", "Date of birth", "day"),
    Field("country", "Country", "country"),
    Field("language", "Language", "language"),
    Field("currency", "Currency", "currency"),
    Field("address.line1", "Street and number", wide=True),
    Field("address.line2", "Address, second line", wide=True),
    Field("address.postal_code", "Postal code"),
    Field("address.city", "City", longest=100),
    Field("address.state", "State or region", longest=100),
    Field("address.country", "Country of the address", "country"),
)
BY_NAME = {known.name: known for known in FIELDS}


class Unreadable(ValueError):
    """What was sent is no form of ours."""


def values(customer: Mapping[str, Any]) -> dict[str, str]:
    """Each field's value as a form has it, without those that are hidden from whoever looks."""
    hidden = set(customer.get("masked") or ())
    return {known.name: _value(customer, known.name) for known in FIELDS if known.name not in hidden}


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants to become of a customer.

    ``was`` and ``wanted`` have the fields that the form had; ``undecided`` are those of a conflict without a choice.
    """

    etag: str
    was: Mapping[str, str]
    wanted: Mapping[str, str]
    email_confirmed: bool = False
    undecided: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, form: MultiDict[str, str]) -> Edit:
        """What a form says. Raises Unreadable."""
        etag = form.get("etag", "")
        was = {name: form[f"was.{name}"][:_LONGEST] for name in BY_NAME if f"was.{name}" in form}
        if not _ETAG.match(etag) or not was:
            raise Unreadable
        wanted, undecided = {}, set()
        for name in was:
            choice = form.get(f"choice.{name}")
            if f"mine.{name}" in form and choice not in (MINE, THEIRS):
                undecided.add(name)
            mine = form.get(f"mine.{name}", form.get(name, was[name]))[:_LONGEST]
            wanted[name] = was[name] if choice == THEIRS else mine
        return cls(etag, was, wanted, form.get("email_confirmed") == "yes", frozenset(undecided))

    @property
    def changed(self) -> list[str]:
        """The fields that are to become something else."""
        return [name for name, value in self.wanted.items() if value != self.was[name]]

    @property
    def changes_email(self) -> bool:
        """Whether the customer is to sign in with another address."""
        return "email" in self.changed

    def patch(self) -> dict[str, Any]:
        """What to send: only what differs (RFC 7396)."""
        body: dict[str, Any] = {}
        for name in self.changed:
            whole, _, part = name.partition(".")
            value = self.wanted[name] or None
            if part:
                body.setdefault(whole, {})[part] = value
            else:
                body[whole] = value
        return body

    def is_done(self, customer: Mapping[str, Any]) -> bool:
        """Whether the customer is as wanted already: the same was sent twice, or an answer got lost on its way."""
        now = values(customer)
        return all(name in now and is_same(name, self.wanted[name], now[name]) for name in self.changed)

    def onto(self, customer: Mapping[str, Any], etag: str) -> Edit:
        """The same changes, to the customer as it is now."""
        now = values(customer)
        changed = set(self.changed)
        wanted = {name: self.wanted[name] if name in changed else value for name, value in now.items()}
        return Edit(etag, now, wanted, self.email_confirmed)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two have edited, or one of them. ``entry`` of the change history is who else did, and when."""

    field: Field
    was: str
    mine: str
    now: str
    entry: Mapping[str, Any] | None = None

    @property
    def is_conflict(self) -> bool:
        """Whether both want something else, so that somebody has to choose."""
        return self.was not in (self.mine, self.now) and not is_same(self.field.name, self.mine, self.now)

    @property
    def is_mine(self) -> bool:
        """Whether only I changed it."""
        return self.now == self.was


def differences(edit: Edit, customer: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> Sequence[Difference]:
    """What differs between an edit and what somebody else has made of the customer meanwhile."""
    last: dict[str, Mapping[str, Any]] = {}
    for entry in changes:  # newest first
        for change in entry.get("fields", ()):
            last.setdefault(change["field"], entry)
    now = values(customer)
    found = [
        Difference(BY_NAME[name], edit.was[name], edit.wanted[name], now[name], last.get(name))
        for name in edit.was
        if name in now
    ]
    return [each for each in found if each.was != each.mine or each.was != each.now]


def field_errors(errors: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What is wrong with each field, and what is wrong elsewhere, of errors by JSON Pointer."""
    of_fields = {where.lstrip("/").replace("/", "."): message for where, message in errors.items()}
    elsewhere = [message for name, message in of_fields.items() if name not in BY_NAME]
    return {known.name: of_fields[known.name] for known in FIELDS if known.name in of_fields}, elsewhere


def _value(customer: Mapping[str, Any], name: str) -> str:
    whole, _, part = name.partition(".")
    value = customer.get(whole)
    if part:
        value = (value or {}).get(part)
    return "" if value is None else str(value)


def is_same(name: str, one: str, other: str) -> bool:
    """Whether the API would keep the same for both."""
    return _kept(name, one) == _kept(name, other)


def _kept(name: str, value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if name == "email":
        local, at, domain = text.rpartition("@")
        return f"{local}{at}{domain.lower()}"
    return text

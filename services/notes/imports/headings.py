"""Which field a column's heading means, however it is spelled."""

from __future__ import annotations

from collections.abc import Collection

from marshmallow import ValidationError

from servicekit.imports.errors import InvalidMapping
from servicekit.imports.vocabulary import Vocabulary, meanings_of
from services.notes.imports import fields
from services.notes.imports.fields import CUSTOMER_EXTERNAL_IDS

_OTHER_NAMES = {
    "customer_id": "customer, customer number, customer no, user id, account id, subscriber id",
    "customer_external_id": "external customer id, customer external id, external user id",
    "customer_email": "email, e mail, email address, user email, customer e mail, customer email address, login",
    "external_id": "id, note id, external note id, comment id",
    "text": "note, notes, note text, comment, comments, remark, remarks, body, content, message",
    "author": "author name, written by, created by, added by, by, staff, staff member, agent, agent name",
    "author_email": "author e mail, author email address, staff email, agent email, created by email",
    "created_at": "date, created, created date, created on, written at, written on, note date, time, timestamp",
    "flags": "flag, tags, tag, labels, label",
}
_WHOSE = ("customer_id", "customer_external_id", "customer_email")
_TELLS_APART = ("external_id", *_WHOSE)


def _canonical(target: str) -> str | None:
    if target in fields.NOTES:
        return target
    if target.startswith(CUSTOMER_EXTERNAL_IDS):
        try:
            fields.load_source(target.removeprefix(CUSTOMER_EXTERNAL_IDS))
        except ValidationError:
            return None
        return target
    return None


def _check_constant(name: str, value: str) -> None:
    if name in _TELLS_APART or name.startswith(CUSTOMER_EXTERNAL_IDS):
        raise InvalidMapping(f"{name} tells rows apart: it can't be the same for all.")
    fields.NOTES[name](value)


def _check_fields(columns: Collection[str], constants: Collection[str]) -> None:
    there = {*columns, *constants}
    if "text" not in there:
        raise InvalidMapping("No column becomes text. Map one to it: it is what the notes say.")
    if not any(name in _WHOSE or name.startswith(CUSTOMER_EXTERNAL_IDS) for name in there):
        raise InvalidMapping(
            "No column says about whom the notes are: map one to customer_email, customer_external_id or customer_id."
        )


NOTES = Vocabulary(
    fields=(*fields.NOTES, f"{CUSTOMER_EXTERNAL_IDS}SOURCE"),
    canonical=_canonical,
    meanings=meanings_of(fields.NOTES, _OTHER_NAMES),
    check_constant=_check_constant,
    check_fields=_check_fields,
)

"""What the API takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from servicekit.web.describing import NOT_TELLING, described, personal
from servicekit.web.fields import Text, TrueOrFalse
from services.notes.vocabulary import COLORS, MOST_CHARACTERS, MOST_FLAGS

KEY_PATTERN = "^[a-z0-9][a-z0-9_]{0,39}$"
_KEY = re.compile(KEY_PATTERN[1:-1] + r"\Z")
CUSTOMER_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"
NOTE_ID = "note_06h5yvkg1scm7h3b8k5rqt2xzy"
_LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029]")
# Controls but tab and line feed, lone surrogates, noncharacters. What turns the direction of text is common in what
# people paste (telephone numbers, say); it is kept, and shown so that it can't reach beyond the note.
_FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))
    + "]"
)
# Unicode's Default_Ignorable_Code_Point, white space, directions, and the braille pattern without dots.
_INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*\Z"
)


def note_text(typed: str) -> str:
    """A note's text as it is kept: NFC, one kind of line break, without white space around it.

    Raises ValidationError with what is wrong: empty, too long, or characters that no text has.
    """
    if len(typed) > 4 * MOST_CHARACTERS:
        raise ValidationError(f"Longer than {MOST_CHARACTERS:,} characters.")
    text = unicodedata.normalize("NFC", _LINE_END.sub("\n", typed)).strip()
    if _FORBIDDEN.search(text):
        raise ValidationError("Contains a control character or one that no text has.")
    if len(text) > MOST_CHARACTERS:
        raise ValidationError(f"{len(text):,} characters; {MOST_CHARACTERS:,} are the most that a note can have.")
    if _INVISIBLE.match(text):
        raise ValidationError("Must not be empty.")
    return text


class NoteText(fields.String):
    """The text of a note; see ``note_text``."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return note_text(super()._deserialize(value, attr, data, **kwargs))


def _text() -> NoteText:
    return NoteText(
        required=True,
        metadata=personal(
            f"What there is to know: {MOST_CHARACTERS:,} characters at the most, counted as Unicode code points after "
            "normalization to NFC, a line break as one. Plain text: nothing in it is markup.",
            "Prefers to be called in the afternoon.",
            maxLength=MOST_CHARACTERS,
            minLength=1,
        ),
    )


def _is_key(value: str) -> None:
    if not _KEY.match(value):
        raise ValidationError("Not a flag's key: 1 to 40 of a-z, 0-9 and _.")


def _flags(**options: Any) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=_is_key, metadata={"pattern": KEY_PATTERN}),
        validate=validate.Length(max=MOST_FLAGS),
        metadata=personal("Keys of flags, from `GET /v1/notes/flags`.", ["vip"], **NOT_TELLING),
        **options,
    )


class AddNote(Schema):
    """A new note."""

    customer_id = fields.String(
        required=True, validate=validate.Length(1, 100), metadata=described("About whom.", CUSTOMER_ID)
    )
    text = _text()
    flags = _flags(load_default=list)


class EditNote(Schema):
    """What changes of a note. What is absent stays; flags are replaced whole."""

    text = NoteText(metadata=_text().metadata)
    flags = _flags()

    @validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Nothing to change: send text, flags or both.")


class ListNotes(Schema):
    """Whose notes, and where to go on."""

    customer_id = fields.String(
        required=True, validate=validate.Length(1, 100), metadata=described("Whose.", CUSTOMER_ID)
    )
    cursor = fields.String(validate=validate.Length(max=500), metadata=described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at the most.", 50)
    )


_NAME = Text(max_length=40, required=True, metadata=described("What it is called.", "Press contact", minLength=1))
_COLOR_OPTIONS: dict[str, Any] = {
    "validate": validate.OneOf(COLORS),
    "metadata": described(f"Its color: {', '.join(COLORS)}.", "teal"),
}


class AddFlag(Schema):
    """A flag of the publisher's own."""

    key = fields.String(
        validate=_is_key,
        metadata=described(
            "What it is found by (`flag:press_contact`), for good; made of the name if absent.",
            "press_contact",
            pattern=KEY_PATTERN,
        ),
    )
    name = _NAME
    color = fields.String(load_default="gray", **_COLOR_OPTIONS)


class EditFlag(Schema):
    """What changes of a flag. What is absent stays."""

    name = Text(max_length=40, metadata=described("What it is called.", "Press contact", minLength=1))
    color = fields.String(**_COLOR_OPTIONS)
    retired = TrueOrFalse(
        metadata=described("Whether it can't be set any more. Where it is, it stays until it is taken away.", False),
    )

    @validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Nothing to change: send name, color or retired.")

"""What the search answers of notes about a customer."""

from __future__ import annotations

from marshmallow import Schema, fields

from servicekit.web.describing import NOT_TELLING, described, personal


class FoundNotes(Schema):
    """Fields of a customer that notes tells. Of one about whom nobody wrote anything they are 0, empty and null."""

    notes_count = fields.Integer(metadata=described("Number of notes.", 3))
    flags = fields.List(
        fields.String(),
        metadata=personal("Keys of the flags on the customer or on any of the notes.", ["vip"], **NOT_TELLING),
    )
    last_note_at = fields.AwareDateTime(allow_none=True, metadata=described("When the newest note was written."))

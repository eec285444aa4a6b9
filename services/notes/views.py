"""How notes, flags and what is told of a customer are shown: in answers, in events and in the feed, always the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from marshmallow import Schema, fields

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.web.describing import NOT_TELLING, described, personal
from servicekit.web.masking import masked_field
from services.notes.schemas import CUSTOMER_ID, NOTE_ID

_STAFF_ID = "stf_06h5yvkg1scm7h3b8k5rqt2xzw"
OWNER = "owner"


class NoteRow(Protocol):
    """A note, as a model or as a row of a query."""

    id: Any
    customer_id: Any
    text: Any
    flags: Any
    author_id: Any
    author_name: Any
    author_kind: Any
    created_at: Any
    edited_at: Any
    editor_id: Any
    editor_name: Any
    editor_kind: Any
    deleted_at: Any
    erased_at: Any
    imported_at: Any
    version: Any


class SummaryRow(Protocol):
    """What is known of a customer, as a model or as a row of a query."""

    customer_id: Any
    notes_count: Any
    flags: Any
    note_flags: Any
    last_note_at: Any
    summary_version: Any


def may_change(row: NoteRow, caller: Caller) -> bool:
    """Whether this caller may edit and delete a note: its author, or the account's owner."""
    return row.author_id == caller.actor_id or (caller.kind == "staff" and caller.role == OWNER)


def note_state(row: NoteRow) -> dict[str, Any]:
    """A note's full public state, ready for JSON."""
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "text": row.text,
        "flags": sorted(row.flags),
        "author": {"id": row.author_id, "name": row.author_name, "kind": row.author_kind},
        "created_at": rfc3339(row.created_at),
        "edited_at": _moment(row.edited_at),
        "edited_by": _editor(row),
        "deleted_at": _moment(row.deleted_at),
        "erased_at": _moment(row.erased_at),
        "imported_at": _moment(row.imported_at),
        "version": row.version,
    }


def shown_note(row: NoteRow, caller: Caller) -> dict[str, Any]:
    """A note as the API shows it to ``caller``."""
    editable = row.erased_at is None and "notes:write" in caller.scopes and may_change(row, caller)
    return {**note_state(row), "may_edit": editable}


def summary_state(row: SummaryRow) -> dict[str, Any]:
    """What is told of a customer: how many notes, which flags; ready for JSON."""
    return {
        "customer_id": row.customer_id,
        "notes_count": row.notes_count,
        "flags": sorted({*row.flags, *row.note_flags}),
        "customer_flags": sorted(row.flags),
        "last_note_at": _moment(row.last_note_at),
        "version": row.summary_version,
    }


def flag_state(row: Any) -> dict[str, Any]:
    """A flag's definition, ready for JSON."""
    return {
        "key": row.key,
        "name": row.name,
        "color": row.color,
        "own": row.own,
        "retired": row.retired,
        "version": row.version,
    }


class ActorView(Schema):
    """Who wrote or edited a note."""

    id = fields.String(
        required=True,
        metadata=described("ID of the staff member or API key; the import's that names them.", _STAFF_ID),
    )
    name = fields.String(required=True, metadata=described("Their name then.", "Kim Okafor"))
    kind = fields.String(
        required=True,
        metadata=described(
            "Who. `import`: somebody who isn't known here, named by an imported file.",
            enum=["staff", "api_key", "import"],
        ),
    )


def _flags(description: str) -> fields.List[Any]:
    return fields.List(fields.String(), required=True, metadata=personal(description, ["vip"], **NOT_TELLING))


class NoteState(Schema):
    """A note."""

    id = fields.String(required=True, metadata=described("Its ID.", NOTE_ID))
    customer_id = fields.String(required=True, metadata=described("About whom.", CUSTOMER_ID))
    text = fields.String(
        required=True,
        allow_none=True,
        metadata=personal(
            "Plain text; null once the note was deleted or the customer anonymized.",
            "Prefers to be called in the afternoon.",
        ),
    )
    flags = _flags("Keys of its flags.")
    author = fields.Nested(ActorView, required=True, metadata=described("Who wrote it."))
    created_at = fields.AwareDateTime(required=True, metadata=described("When it was written."))
    edited_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=described("When it was edited last; null: never.")
    )
    edited_by = fields.Nested(
        ActorView, required=True, allow_none=True, metadata=described("Who edited it last; null: nobody.")
    )
    deleted_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=described("When it was deleted; only events tell of such notes.")
    )
    erased_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=described("When its text was erased, because the customer was anonymized."),
    )
    imported_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata=described("When it was imported: a file then says who wrote it when. Null: it was written here."),
    )
    version = fields.Integer(required=True, metadata=described("Counts its changes; the ETag.", 1))


class NoteView(NoteState):
    """A note."""

    may_edit = fields.Boolean(
        required=True, metadata=described("Whether you may edit and delete it: its author and the account owner may.")
    )
    masked = masked_field()


class NotePage(Schema):
    """Some notes, newest first."""

    items = fields.List(fields.Nested(NoteView), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


class SummaryState(Schema):
    """What is told of a customer: how many notes, which flags."""

    customer_id = fields.String(required=True, metadata=described("Who.", CUSTOMER_ID))
    notes_count = fields.Integer(required=True, metadata=described("How many notes.", 3))
    flags = _flags("Keys of the flags on the customer or on any of the notes.")
    customer_flags = _flags("Keys of the flags on the customer.")
    last_note_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=described("When the newest note was written; null: none.")
    )
    version = fields.Integer(required=True, metadata=described("Counts changes of notes and flags.", 4))


class FlagView(Schema):
    """A flag."""

    key = fields.String(required=True, metadata=described("What it is set and found by.", "vip"))
    name = fields.String(required=True, metadata=described("What it is called.", "VIP"))
    color = fields.String(required=True, metadata=described("Its color.", "purple"))
    own = fields.Boolean(required=True, metadata=described("Whether it is the publisher's own.", False))
    retired = fields.Boolean(required=True, metadata=described("Whether it can't be set any more.", False))
    version = fields.Integer(required=True, metadata=described("Counts its changes; the ETag.", 1))


class FlagList(Schema):
    """A publisher's flags, in the order in which they are shown."""

    items = fields.List(fields.Nested(FlagView), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata=described("Always null: all of them fit on one page.")
    )


def counted(flags: Mapping[str, int], *, added: Iterable[str] = (), removed: Iterable[str] = ()) -> dict[str, int]:
    """How many notes have each flag, after a note got and lost some."""
    counts = dict(flags)
    for key in added:
        counts[key] = counts.get(key, 0) + 1
    for key in removed:
        counts[key] = counts.get(key, 0) - 1
    return {key: count for key, count in sorted(counts.items()) if count > 0}


def _editor(row: NoteRow) -> dict[str, Any] | None:
    if row.editor_id is None:
        return None
    return {"id": row.editor_id, "name": row.editor_name, "kind": row.editor_kind}


def _moment(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)

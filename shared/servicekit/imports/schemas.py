"""What the addresses of imports take and answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from servicekit.clock import rfc3339
from servicekit.imports.dialect import DELIMITERS, ENCODINGS, FORMATS
from servicekit.imports.jobs import REJECTS_KEPT
from servicekit.imports.tables import OPEN, ImportJob
from servicekit.web.describing import EditorView, described, personal
from servicekit.web.fields import Text
from servicekit.web.masking import masked_field

_IMPORT_ID = "imp_06h5yvkg1scm7h3b8k5rqt2xzw"
_LONGEST_OPTION = 1_000
STATUSES = (*OPEN, "finished", "failed", "canceled")


class Part(Schema):
    """Whether the file ends here."""

    complete = fields.Boolean(
        load_default=True,
        metadata=described("False if more of the file follows by `append_import_content`.", True),
    )


class StartImport(Part):
    """What is to be done with the file that is the body."""

    name = Text(
        max_length=150,
        metadata=described(
            "Names the import. Rows without an ID of their own are known again by it and their number.", "crm-2026-03"
        ),
    )
    digest = fields.String(
        validate=validate.Regexp(r"[A-Za-z0-9:._-]{1,200}\Z", error="1 to 200 letters, digits, : . _ -"),
        metadata=described("Whatever tells the file's content from another's, for the caller's own use."),
    )
    dry_run = fields.Boolean(load_default=False, metadata=described("Tell what would happen, and change nothing."))
    format = fields.String(
        validate=validate.OneOf(FORMATS), metadata=described("Found out where it isn't given.", "csv")
    )
    encoding = fields.String(
        validate=validate.OneOf(ENCODINGS),
        metadata=described("The character encoding; by its byte order mark, else UTF-8.", "utf-8"),
    )
    delimiter = fields.String(
        validate=validate.OneOf(list(DELIMITERS)),
        metadata=described("What parts the cells of CSV; found out where it isn't given.", "comma"),
    )
    map = fields.List(
        fields.String(validate=validate.Length(max=_LONGEST_OPTION)),
        validate=validate.Length(max=1000),
        load_default=list,
        metadata={
            "description": "`column=field`: what a column becomes. `column=` leaves it out, `*=` all unknown ones."
        },
    )
    set = fields.List(
        fields.String(validate=validate.Length(max=_LONGEST_OPTION)),
        validate=validate.Length(max=100),
        load_default=list,
        metadata={"description": "`field=value`: for every row that says nothing else."},
    )


class RequestKey(Schema):
    """The header that tells a repeated request."""

    key = fields.String(
        data_key="Idempotency-Key",
        metadata={
            "description": "Send the same key with the same file again: no second import is made, and one that was "
            "broken off goes on.",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[\\x21-\\x7e]+$",
        },
    )


class AppendContent(Part):
    """Where in the file the body belongs."""

    offset = fields.Integer(
        required=True,
        validate=validate.Range(0, 2**53),
        metadata=described("How many bytes of the file come before: `received_bytes` as it was last answered.", 65536),
    )


class ListImports(Schema):
    """Which imports, and where to go on."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at the most.", 50)
    )
    name = fields.String(validate=validate.Length(max=150), metadata=described("Only those of this name."))


def starting_schema(kinds: Sequence[str]) -> type[Schema]:
    """What is asked of a new import; with several ``kinds``, which of them it is."""
    return _with_kind(StartImport, kinds, "What is in the file.", required=True)


def listing_schema(kinds: Sequence[str]) -> type[Schema]:
    """What narrows the list; with several ``kinds``, one of them does."""
    return _with_kind(ListImports, kinds, "Only those of this kind.")


def _with_kind(schema: type[Schema], kinds: Sequence[str], told: str, *, required: bool = False) -> type[Schema]:
    if not kinds:
        return schema
    kind = fields.String(
        required=required, validate=validate.OneOf(kinds), metadata=described(told, kinds[-1], enum=list(kinds))
    )
    return type(f"{schema.__name__}OfKind", (schema,), {"kind": kind, "__doc__": schema.__doc__})


class ColumnView(Schema):
    """What becomes of a column."""

    column = fields.String(required=True, metadata=described("Its heading in the file.", "Country Code*"))
    field = fields.String(
        required=True, allow_none=True, metadata=described("What it becomes; null: it is left out.", "country")
    )
    never_stored = fields.Boolean(
        required=True, metadata=described("Whether it is left out because it holds passwords or card numbers.", False)
    )


class RowCountsView(Schema):
    """What became of the rows so far; in a dry run, what would."""

    received = fields.Integer(required=True, metadata=described("Rows that came, blank ones not counted.", 1000))
    done = fields.Integer(required=True, metadata=described("Rows that were worked on.", 500))
    created = fields.Integer(required=True, metadata=described("Rows that made something new.", 480))
    updated = fields.Integer(required=True, metadata=described("Rows that changed what was there.", 10))
    unchanged = fields.Integer(required=True, metadata=described("Rows that said nothing new.", 8))
    rejected = fields.Integer(required=True, metadata=described("Rows that were not taken.", 2))


class ImportProblemView(Schema):
    """Why an import came to nothing more."""

    code = fields.String(required=True, metadata=described("A stable name to program against.", "upload_abandoned"))
    detail = fields.String(required=True, metadata=described("What happened.", "The rest of the file never came."))


class ImportView(Schema):
    """An import and how far it is."""

    id = fields.String(required=True, metadata=described("Its ID.", _IMPORT_ID))
    kind = fields.String(required=True, metadata=described("What is imported.", "transactions"))
    name = fields.String(required=True, metadata=described("Its name.", "crm-2026-03"))
    digest = fields.String(required=True, allow_none=True, metadata=described("As it was given.", "sha256:9f86d0"))
    status = fields.String(
        required=True,
        metadata=described(
            "`receiving` the file, `waiting` for an importer, `running`; or it has ended.", enum=list(STATUSES)
        ),
    )
    dry_run = fields.Boolean(required=True, metadata=described("Whether nothing is changed.", False))
    format = fields.String(required=True, metadata=described("Of the file.", enum=list(FORMATS)))
    encoding = fields.String(required=True, metadata=described("Of the file.", "utf-8"))
    delimiter = fields.String(required=True, allow_none=True, metadata=described("Of CSV.", "comma"))
    shape = fields.String(
        required=True,
        allow_none=True,
        metadata=described("The export of another system that it was recognized as.", "cleeng_users"),
    )
    columns = fields.List(fields.Nested(ColumnView), required=True)
    constants = fields.Dict(
        keys=fields.String(), required=True, metadata=personal("What `set` gave to every row.", {"country": "DE"})
    )
    received_bytes = fields.Integer(
        required=True, metadata=described("How much of the file was taken, up to a row's end.", 65536)
    )
    rows = fields.Nested(RowCountsView, required=True)
    editor = fields.Nested(EditorView, required=True)
    created_at = fields.AwareDateTime(required=True, metadata=described("When it was asked for."))
    started_at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("When the first row was."))
    ended_at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("When it ended."))
    rejects_expire_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata=described("Until when the rejected rows can be fetched.")
    )
    awaits = fields.String(
        required=True,
        allow_none=True,
        metadata=described("What the next rows can't be worked on without, and is still to come; null if nothing."),
    )
    problem = fields.Nested(ImportProblemView, required=True, allow_none=True)
    masked = masked_field()


class ImportPage(Schema):
    """Some imports, newest first."""

    items = fields.List(fields.Nested(ImportView), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


def import_state(job: ImportJob) -> dict[str, Any]:
    """An import, ready for JSON."""
    layout, dialect = job.layout, job.dialect
    done = job.created_rows + job.updated_rows + job.unchanged_rows + job.rejected_rows
    marks = {mark: name for name, mark in DELIMITERS.items()}
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.name,
        "digest": job.digest,
        "status": job.status,
        "dry_run": job.dry_run,
        "format": dialect["format"],
        "encoding": dialect["encoding"],
        "delimiter": marks[dialect["delimiter"]] if dialect["format"] == "csv" else None,
        "shape": layout["shape"],
        "columns": [
            {"column": heading, "field": target or None, "never_stored": index in layout["secrets"]}
            for index, (heading, target) in enumerate(zip(layout["headings"], layout["targets"], strict=True))
        ],
        "constants": layout["constants"],
        "received_bytes": job.received_bytes,
        "rows": {
            "received": job.received_rows,
            "done": done,
            "created": job.created_rows,
            "updated": job.updated_rows,
            "unchanged": job.unchanged_rows,
            "rejected": job.rejected_rows,
        },
        "editor": {"id": job.editor_id, "name": job.editor_name, "kind": job.editor_kind},
        "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at) if job.started_at else None,
        "ended_at": rfc3339(job.ended_at) if job.ended_at else None,
        "rejects_expire_at": rfc3339(job.ended_at + REJECTS_KEPT) if job.ended_at else None,
        "awaits": (job.awaits or {}).get("what") if job.status in OPEN else None,
        "problem": job.problem,
    }

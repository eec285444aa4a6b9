"""Headers and refusals, for the API's description."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from servicekit.errors import PreconditionFailed
from servicekit.web.describing import described
from servicekit.web.problems import ProblemView
from services.customers.errors import ChangedMeanwhile, UploadClosed, WrongOffset
from services.customers.views import ChangeView

CHANGED_MEANWHILE: dict[str, Any] = {
    "content_type": "application/problem+json",
    "description": "`If-Match` is not the ETag of the present version: see `changes`, read again and decide.",
    "headers": {"ETag": {"description": "The present version's.", "schema": {"type": "string", "examples": ['"2"']}}},
}
_TABLE = "External ID,Email,First Name,Country\nC-10042,anna@example.com,Anna,DE\n"
_OBJECTS = '{"external_id": "C-10042", "email": "anna@example.com", "first_name": "Anna", "country": "DE"}\n'
FILE_BODY: dict[str, Any] = {
    "required": True,
    "description": "The file itself, or a part of it.",
    "content": {
        "text/csv": {"schema": {"type": "string"}, "example": _TABLE},
        "application/x-ndjson": {"schema": {"type": "string"}, "example": _OBJECTS},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": _TABLE},
    },
}
REJECTED_ROWS: dict[str, Any] = {
    "description": "The rejected rows: `row`, `column` and `reason`, then the file's own columns.",
    "example": "row,column,reason,External ID,Email\n7,Email,Not a valid email address.,C-10048,anna.example.com\n",
}
REJECTED_OBJECTS: dict[str, Any] = {
    "description": "The rejected rows: `row`, `column` and `reason`, then the file's own columns.",
    "example": '{"row": 7, "column": "email", "reason": "Not a valid email address.", "email": "anna.example.com"}\n',
}


WRONG_OFFSET: dict[str, Any] = {
    "content_type": "application/problem+json",
    "description": "The part doesn't go on where the last one ended (`received_bytes` says where that is), or the "
    "import takes no more.",
}


class WrongOffsetView(ProblemView):
    """The refusal of a part of a file that doesn't belong where it was sent to."""

    type = fields.String(required=True, metadata=described("`code` tells problems apart.", "about:blank"))
    title = fields.String(required=True, metadata=described("The kind of problem.", WrongOffset.title))
    status = fields.Integer(required=True, metadata=described("The HTTP status.", WrongOffset.status))
    code = fields.String(
        required=True, metadata=described("Which problem.", enum=[WrongOffset.code, UploadClosed.code])
    )
    detail = fields.String(required=True, metadata=described("What to do.", WrongOffset(65536).detail))
    received_bytes = fields.Integer(metadata=described("How many bytes of the file have been taken.", 65536))


class ChangedMeanwhileView(ProblemView):
    """The refusal of an edit whose `If-Match` is not the present version."""

    type = fields.String(required=True, metadata=described("`code` tells problems apart.", "about:blank"))
    title = fields.String(required=True, metadata=described("The kind of problem.", PreconditionFailed.title))
    status = fields.Integer(required=True, metadata=described("The HTTP status.", PreconditionFailed.status))
    code = fields.String(required=True, metadata=described("Which problem.", enum=[ChangedMeanwhile.code]))
    detail = fields.String(
        required=True,
        metadata=described("What to do.", ChangedMeanwhile(current_etag="", changes=[]).detail),
    )
    changes = fields.List(
        fields.Nested(ChangeView),
        required=True,
        metadata=described("What changed since the version in `If-Match`, newest first, 20 entries at the most."),
    )

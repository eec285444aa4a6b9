"""Bodies and refusals of the addresses of imports, for the API's description."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from servicekit.imports.errors import UploadClosed, WrongOffset
from servicekit.web.describing import described
from servicekit.web.problems import ProblemView

WRONG_OFFSET: dict[str, Any] = {
    "content_type": "application/problem+json",
    "description": "The part doesn't go on where the last one ended (`received_bytes` says where that is), or the "
    "import takes no more.",
}


def file_body(table: str, objects: str) -> dict[str, Any]:
    """The body that is a file; the same small one as CSV and as NDJSON."""
    return {
        "required": True,
        "description": "The file itself, or a part of it.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": table},
            "application/x-ndjson": {"schema": {"type": "string"}, "example": objects},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": table},
        },
    }


def rejected(example: str) -> dict[str, Any]:
    """The answer that is a file of rejected rows."""
    told = "The rejected rows: `row`, `column` and `reason`, then the file's own columns."
    return {"description": told, "example": example}


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

"""Headers and refusals, for the API's description."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from servicekit.errors import PreconditionFailed
from servicekit.web.describing import described
from servicekit.web.problems import ProblemView
from services.customers.errors import ChangedMeanwhile
from services.customers.views import ChangeView

CHANGED_MEANWHILE: dict[str, Any] = {
    "content_type": "application/problem+json",
    "description": "`If-Match` is not the ETag of the present version: see `changes`, read again and decide.",
    "headers": {"ETag": {"description": "The present version's.", "schema": {"type": "string", "examples": ['"2"']}}},
}


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

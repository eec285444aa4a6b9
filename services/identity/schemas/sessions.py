"""Sessions of whoever sent the request."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.identity.schemas.common import described


class OwnSessionView(Schema):
    """A session of one's own. Its ID names it and opens nothing."""

    id = fields.String(required=True, metadata=described("Its ID.", "ssn_06h5yvkg1scm7h3b8k5rqt2xzw"))
    current = fields.Boolean(required=True, metadata=described("Whether this request is of it."))
    user_agent = fields.String(
        required=True, allow_none=True, metadata=described("What the browser or program called itself.", "Firefox")
    )
    created_at = fields.DateTime(required=True, metadata=described("When it was begun, UTC."))
    last_used_at = fields.DateTime(
        required=True, metadata=described("When it was last used, UTC, to within some two minutes.")
    )
    ends_unused_at = fields.DateTime(required=True, metadata=described("When it ends if it isn't used before, UTC."))
    expires_at = fields.DateTime(required=True, metadata=described("When it ends at the latest, UTC."))


class OwnSessionPage(Schema):
    """A page of one's own sessions, newest first."""

    items = fields.List(fields.Nested(OwnSessionView), required=True, metadata=described("The sessions."))
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where the next page begins."))

"""The publisher."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.identity.schemas.common import described


class PublisherView(Schema):
    """One's publisher."""

    id = fields.String(required=True, metadata=described("Its ID.", "pub_06h5yvkg1scm7h3b8k5rqt2xzw"))
    name = fields.String(required=True, metadata=described("Its name.", "Example Media"))
    created_at = fields.DateTime(required=True, metadata=described("When it was created, UTC."))

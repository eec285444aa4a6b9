"""API keys."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from servicekit.web.fields import Text
from services.identity.roles import PUBLISHER_SCOPES
from services.identity.schemas.common import SCOPES, described


class CreateApiKey(Schema):
    """A new API key."""

    name = Text(max_length=100, required=True, metadata=described("What it is for.", "Nightly import"))
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(PUBLISHER_SCOPES))),
        validate=validate.Length(1, 50),
        metadata=described(
            "What it may do: nothing its maker may not. If absent, all of that except identity:manage.", SCOPES
        ),
    )


class ApiKeyView(Schema):
    """An API key."""

    id = fields.String(required=True, metadata=described("Its ID.", "key_06h5yvkg1scm7h3b8k5rqt2xzw"))
    name = fields.String(required=True, metadata=described("What it is for.", "Nightly import"))
    hint = fields.String(required=True, metadata=described("How its secret begins.", "ak_live_Zk3v"))
    scopes = fields.List(fields.String(), required=True, metadata=described("What it may do.", SCOPES))
    created_by = fields.String(
        required=True,
        metadata=described("The staff member or API key that made it.", "stf_06h5yvkg1scm7h3b8k5rqt2xzw"),
    )
    created_at = fields.DateTime(required=True, metadata=described("When, UTC."))
    revoked_at = fields.DateTime(required=True, allow_none=True, metadata=described("When it was revoked, UTC."))


class NewApiKeyView(ApiKeyView):
    """A new API key with its secret."""

    secret = fields.String(
        required=True,
        allow_none=True,
        metadata=described(
            "Shown this once: keep it. Null when the answer is repeated for an Idempotency-Key.",
            "ak_live_Zk3vPq8wT1nYb6RcX0dLs9GfJ2hKm5Va7uEoW4iQzBt",
        ),
    )


class ApiKeyPage(Schema):
    """A page of API keys, newest first."""

    items = fields.List(fields.Nested(ApiKeyView), required=True, metadata=described("The keys."))
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where the next page begins."))

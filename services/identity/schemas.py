"""What the API takes and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from servicekit.web.fields import Text
from services.identity.roles import PUBLISHER_SCOPES


def _described(description: str, example: Any = None) -> dict[str, Any]:
    return {"description": description, **({} if example is None else {"example": example})}


_SCOPES = ["customers:read", "search:read"]


class SignInRequest(Schema):
    """Email address and password of a staff member."""

    email = fields.String(
        required=True, validate=validate.Length(1, 254), metadata=_described("Email address.", "owner@example.com")
    )
    password = fields.String(
        required=True,
        validate=validate.Length(1, 1000),
        metadata=_described("Password.", "correct horse battery staple"),
    )


class SessionView(Schema):
    """A session to present as Bearer token."""

    access_token = fields.String(required=True, metadata=_described("Send it as `Authorization: Bearer`.", "ses_…"))
    token_type = fields.String(required=True, validate=validate.Equal("Bearer"), metadata=_described("Always Bearer."))
    expires_in = fields.Integer(required=True, metadata=_described("Seconds until it ends.", 43200))


class JwkView(Schema):
    """A public key (RFC 7517, 8037)."""

    kty = fields.String(required=True, metadata=_described("Key type: OKP.", "OKP"))
    crv = fields.String(required=True, metadata=_described("Curve: Ed25519.", "Ed25519"))
    x = fields.String(
        required=True, metadata=_described("The public key, base64url.", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    )
    kid = fields.String(
        required=True,
        metadata=_described("Its ID, in the header of the tokens it signed.", "20260312-9f86d081884c"),
    )
    use = fields.String(required=True, metadata=_described("Use: sig.", "sig"))
    alg = fields.String(required=True, metadata=_described("Algorithm (RFC 9864): Ed25519.", "Ed25519"))


class JwksView(Schema):
    """The public keys of the signed tokens: the former, the present and the next."""

    keys = fields.List(fields.Nested(JwkView), required=True, metadata=_described("The keys."))


class MeView(Schema):
    """Whoever sent the request."""

    id = fields.String(
        required=True, metadata=_described("Of the staff member or API key.", "key_06h5yvkg1scm7h3b8k5rqt2xzw")
    )
    kind = fields.String(
        required=True, validate=validate.OneOf(["staff", "api_key"]), metadata=_described("Which.", "api_key")
    )
    name = fields.String(required=True, metadata=_described("Their name.", "Nightly import"))
    role = fields.String(
        required=True, allow_none=True, metadata=_described("Role of a staff member; null for an API key.")
    )
    publisher_id = fields.String(
        required=True, metadata=_described("Their publisher.", "pub_06h5yvkg1scm7h3b8k5rqt2xzw")
    )
    scopes = fields.List(fields.String(), required=True, metadata=_described("What they may do.", _SCOPES))


class PublisherView(Schema):
    """One's publisher."""

    id = fields.String(required=True, metadata=_described("Its ID.", "pub_06h5yvkg1scm7h3b8k5rqt2xzw"))
    name = fields.String(required=True, metadata=_described("Its name.", "Example Media"))
    created_at = fields.DateTime(required=True, metadata=_described("When it was created, UTC."))


class CreateApiKey(Schema):
    """A new API key."""

    name = Text(max_length=100, required=True, metadata=_described("What it is for.", "Nightly import"))
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(PUBLISHER_SCOPES))),
        validate=validate.Length(1, 50),
        metadata=_described(
            "What it may do: nothing its maker may not. If absent, all of that except identity:manage.", _SCOPES
        ),
    )


class ApiKeyView(Schema):
    """An API key."""

    id = fields.String(required=True, metadata=_described("Its ID.", "key_06h5yvkg1scm7h3b8k5rqt2xzw"))
    name = fields.String(required=True, metadata=_described("What it is for.", "Nightly import"))
    hint = fields.String(required=True, metadata=_described("How its secret begins.", "ak_live_Zk3v"))
    scopes = fields.List(fields.String(), required=True, metadata=_described("What it may do.", _SCOPES))
    created_by = fields.String(
        required=True,
        metadata=_described("The staff member or API key that made it.", "stf_06h5yvkg1scm7h3b8k5rqt2xzw"),
    )
    created_at = fields.DateTime(required=True, metadata=_described("When, UTC."))
    revoked_at = fields.DateTime(required=True, allow_none=True, metadata=_described("When it was revoked, UTC."))


class NewApiKeyView(ApiKeyView):
    """A new API key with its secret."""

    secret = fields.String(
        required=True,
        allow_none=True,
        metadata=_described(
            "Shown this once: keep it. Null when the answer is repeated for an Idempotency-Key.",
            "ak_live_Zk3vPq8wT1nYb6RcX0dLs9GfJ2hKm5Va7uEoW4iQzBt",
        ),
    )


class ApiKeyPage(Schema):
    """A page of API keys, newest first."""

    items = fields.List(fields.Nested(ApiKeyView), required=True, metadata=_described("The keys."))
    next_cursor = fields.String(required=True, allow_none=True, metadata=_described("Where the next page begins."))


class Page(Schema):
    """Where to go on in a list."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=_described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=_described("How many at the most.", 50)
    )


class ServiceTokenRequest(Schema):
    """Which of our services asks, and which it wants to call."""

    client_id = fields.String(required=True, validate=validate.Length(1, 100))
    client_secret = fields.String(required=True, validate=validate.Length(1, 1000))
    audience = fields.String(required=True, validate=validate.Length(1, 100))

"""Signing in, the public keys, and tokens for our own services."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.identity.schemas.common import described


class SignInRequest(Schema):
    """Email address and password of a staff member."""

    email = fields.String(
        required=True, validate=validate.Length(1, 254), metadata=described("Email address.", "owner@example.com")
    )
    password = fields.String(
        required=True,
        validate=validate.Length(1, 1000),
        metadata=described("Password.", "correct horse battery staple"),
    )


class SessionView(Schema):
    """A session to present as Bearer token."""

    access_token = fields.String(required=True, metadata=described("Send it as `Authorization: Bearer`.", "ses_…"))
    token_type = fields.String(required=True, validate=validate.Equal("Bearer"), metadata=described("Always Bearer."))
    expires_in = fields.Integer(required=True, metadata=described("Seconds until it ends.", 43200))


class JwkView(Schema):
    """A public key (RFC 7517, 8037)."""

    kty = fields.String(required=True, metadata=described("Key type: OKP.", "OKP"))
    crv = fields.String(required=True, metadata=described("Curve: Ed25519.", "Ed25519"))
    x = fields.String(
        required=True, metadata=described("The public key, base64url.", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    )
    kid = fields.String(
        required=True,
        metadata=described("Its ID, in the header of the tokens it signed.", "20260312-9f86d081884c"),
    )
    use = fields.String(required=True, metadata=described("Use: sig.", "sig"))
    alg = fields.String(required=True, metadata=described("Algorithm (RFC 9864): Ed25519.", "Ed25519"))


class JwksView(Schema):
    """The public keys of the signed tokens: the former, the present and the next."""

    keys = fields.List(fields.Nested(JwkView), required=True, metadata=described("The keys."))


class ServiceTokenRequest(Schema):
    """Which of our services asks, and which it wants to call."""

    client_id = fields.String(required=True, validate=validate.Length(1, 100))
    client_secret = fields.String(required=True, validate=validate.Length(1, 1000))
    audience = fields.String(required=True, validate=validate.Length(1, 100))

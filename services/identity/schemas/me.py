"""Whoever sent the request."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from services.identity.password_rules import LONGEST_PASSWORD, SHORTEST_PASSWORD
from services.identity.schemas.common import SCOPES, Language, TimeZone, described

_COLUMNS = ["email", "last_name", "last_login_at"]
_THEMES = ["auto", "light", "dark"]


def distinct(names: list[str]) -> None:
    """Raise ValidationError if one comes twice."""
    if len(set(names)) < len(names):
        raise ValidationError("Each only once.")


class CustomerListPreferences(Schema):
    """How the list of customers is shown."""

    columns = fields.List(
        fields.String(validate=[validate.Length(1, 64), validate.Regexp(r"[a-z0-9_.]+\Z")]),
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 60), distinct],
        metadata=described(
            "The columns from left to right, by the names that search has for them; null for the usual ones.",
            _COLUMNS,
            uniqueItems=True,
        ),
    )
    sort = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 65), validate.Regexp(r"-?[a-z0-9_.]+\Z")],
        metadata=described("The column to sort by, with a minus before it from large to small.", "-last_login_at"),
    )
    page_size = fields.Integer(
        load_default=50,
        strict=True,
        validate=validate.Range(10, 100),
        metadata=described("How many customers are on a page.", 50),
    )


class Preferences(Schema):
    """How one likes things shown. What is absent is as it is for whoever never set anything."""

    theme = fields.String(
        load_default="auto",
        validate=validate.OneOf(_THEMES),
        metadata=described("Light, dark, or as the browser says.", "auto"),
    )
    language = Language(
        load_default=None,
        allow_none=True,
        metadata=described("In which dates and numbers are written (BCP 47); null for the browser's.", "de-AT"),
    )
    time_zone = TimeZone(
        load_default=None,
        allow_none=True,
        metadata=described("In which times are shown (IANA); null for the browser's.", "Europe/Vienna"),
    )
    customer_list = fields.Nested(
        CustomerListPreferences,
        load_default=None,
        allow_none=True,
        metadata={"description": "How the list of customers is shown; null for the usual way."},
    )


class CustomerListView(Schema):
    """How the list of customers is shown."""

    columns = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata=described("The columns from left to right; null for the usual ones.", _COLUMNS),
    )
    sort = fields.String(required=True, allow_none=True, metadata=described("What it is sorted by.", "-last_login_at"))
    page_size = fields.Integer(required=True, metadata=described("How many customers are on a page.", 50))


class PreferencesView(Schema):
    """How one likes things shown."""

    theme = fields.String(
        required=True,
        validate=validate.OneOf(_THEMES),
        metadata=described("Light, dark, or as the browser says.", "auto"),
    )
    language = fields.String(
        required=True,
        allow_none=True,
        metadata=described("In which dates and numbers are written (BCP 47); null for the browser's.", "de-AT"),
    )
    time_zone = fields.String(
        required=True,
        allow_none=True,
        metadata=described("In which times are shown (IANA); null for the browser's.", "Europe/Vienna"),
    )
    customer_list = fields.Nested(
        CustomerListView,
        required=True,
        allow_none=True,
        metadata={"description": "How the list of customers is shown; null for the usual way."},
    )


class MeView(Schema):
    """Whoever sent the request."""

    id = fields.String(
        required=True, metadata=described("Of the staff member or API key.", "key_06h5yvkg1scm7h3b8k5rqt2xzw")
    )
    kind = fields.String(
        required=True, validate=validate.OneOf(["staff", "api_key"]), metadata=described("Which.", "api_key")
    )
    name = fields.String(required=True, metadata=described("Their name.", "Nightly import"))
    role = fields.String(
        required=True, allow_none=True, metadata=described("Role of a staff member; null for an API key.")
    )
    publisher_id = fields.String(
        required=True, metadata=described("Their publisher.", "pub_06h5yvkg1scm7h3b8k5rqt2xzw")
    )
    scopes = fields.List(
        fields.String(),
        required=True,
        metadata=described("What they may do: nothing while `password_change_required`.", SCOPES),
    )
    email = fields.String(
        required=True, allow_none=True, metadata=described("What a staff member signs in with; null for an API key.")
    )
    publisher_name = fields.String(
        required=True, allow_none=True, metadata=described("Their publisher's name; null for an API key.")
    )
    session_expires_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata=described("When this session ends at the latest, UTC; null for an API key."),
    )
    password_change_required = fields.Boolean(
        required=True,
        metadata=described("Whether they signed in with a temporary password: see POST me/password."),
    )
    preferences = fields.Nested(
        PreferencesView,
        required=True,
        allow_none=True,
        metadata={"description": "How they like things shown; null for an API key."},
    )


class ChangePassword(Schema):
    """One's password, and the one to be."""

    current_password = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata=described("The present one, or the temporary one.", "k7wqz-2m9xd-tc4hp-vr8gn"),
    )
    new_password = fields.String(
        required=True,
        # Whether it is long enough is said along with all else that may be wrong with it.
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata=described(
            f"The new one: at least {SHORTEST_PASSWORD} characters, not a common one, not one's name or email address.",
            "three green bicycles at dawn",
        ),
    )

"""Staff."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from servicekit.web.fields import Text
from services.identity.password_rules import LONGEST_PASSWORD
from services.identity.roles import OWNER, ROLES
from services.identity.schemas.common import Email, described

_STAFF_ID = "stf_06h5yvkg1scm7h3b8k5rqt2xzw"
_ROLES = list(ROLES)


def _name(**options: bool) -> Text:
    return Text(max_length=100, metadata=described("What they are called.", "Grace Hopper"), **options)


class AddStaff(Schema):
    """A new staff member."""

    email = Email(
        max_length=254,
        required=True,
        metadata=described("What they sign in with: nobody else's, at any publisher.", "grace@example.com"),
    )
    name = _name(required=True)
    role = fields.String(
        required=True,
        validate=validate.OneOf([role for role in _ROLES if role != OWNER]),
        metadata=described("What they may do.", "agent"),
    )


class EditStaff(Schema):
    """What to change of a staff member; what is absent stays."""

    name = _name()
    role = fields.String(
        validate=validate.OneOf(_ROLES),
        metadata=described("What they may do. `owner` only for the one who is it: see transfer_ownership.", "viewer"),
    )
    status = fields.String(
        validate=validate.OneOf(["active", "disabled"]),
        metadata=described("A disabled one can't sign in, and their sessions end.", "active"),
    )


class StaffView(Schema):
    """A staff member."""

    id = fields.String(required=True, metadata=described("Their ID.", _STAFF_ID))
    email = fields.String(required=True, metadata=described("What they sign in with.", "grace@example.com"))
    name = fields.String(required=True, metadata=described("What they are called.", "Grace Hopper"))
    role = fields.String(
        required=True, validate=validate.OneOf(_ROLES), metadata=described("What they may do.", "agent")
    )
    status = fields.String(
        required=True,
        validate=validate.OneOf(["active", "disabled"]),
        metadata=described("Whether they can sign in.", "active"),
    )
    password_change_required = fields.Boolean(
        required=True,
        metadata=described("Whether their password is a temporary one, which opens nothing but its change."),
    )
    created_at = fields.DateTime(required=True, metadata=described("When they were added, UTC."))
    last_sign_in_at = fields.DateTime(
        required=True, allow_none=True, metadata=described("When they last signed in, UTC; null if never.")
    )
    disabled_at = fields.DateTime(required=True, allow_none=True, metadata=described("When they were disabled, UTC."))


class NewStaffView(StaffView):
    """A staff member with a new temporary password."""

    temporary_password = fields.String(
        required=True,
        allow_none=True,
        metadata=described(
            "Shown this once: give it to them. It must be changed at the first sign-in. Null when the answer is "
            "repeated for an Idempotency-Key.",
            "k7wqz-2m9xd-tc4hp-vr8gn",
        ),
    )


class StaffPage(Schema):
    """A page of staff, in the order they were added."""

    items = fields.List(fields.Nested(StaffView), required=True, metadata=described("The staff."))
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where the next page begins."))


class TransferOwnership(Schema):
    """Whom the ownership passes to, confirmed by the owner's password."""

    staff_id = fields.String(
        required=True, validate=validate.Length(1, 100), metadata=described("The new owner.", _STAFF_ID)
    )
    password = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata=described("The present owner's.", "correct horse battery staple"),
    )


class StaffLookup(Schema):
    """Whose staff, by which addresses."""

    publisher_id = fields.String(required=True, validate=validate.Length(1, 64))
    emails = fields.List(
        fields.String(validate=validate.Length(1, 254)), required=True, validate=validate.Length(max=1000)
    )

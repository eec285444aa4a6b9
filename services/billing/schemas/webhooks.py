"""What the address of a notification says."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from servicekit.web.describing import described


class AccountNamed(Schema):
    """Which account at the provider a notification is for."""

    account = fields.String(
        validate=validate.Length(min=1, max=63),
        metadata=described(
            "The name of the account in the providers' file. Not needed where there is one of this provider.",
            "acme-stripe",
        ),
    )

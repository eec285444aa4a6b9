"""The events this service reads: only the fields that it needs, anything else ignored."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields


class SubjectErased(Schema):
    """A service's word that it holds nothing of a person any more."""

    class Meta:
        """Tolerant: services may say more."""

        unknown = EXCLUDE

    service = fields.String(required=True)

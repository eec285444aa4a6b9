"""What the descriptions of several nouns share."""

from __future__ import annotations

from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import Schema, ValidationError, fields, validate

from servicekit.web.fields import Text
from services.identity.vocabulary import currencies, language_tag, time_zones

SCOPES = ["customers:read", "search:read"]


def described(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    """Metadata of a field; ``more`` is for the API's description."""
    return {"description": description, **({} if example is None else {"example": example}), **more}


class Email(Text):
    """An email address (RFC 5321, 6531), its domain in lower case. Whether mail arrives there is not tried."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        try:
            return validate_email(text, check_deliverability=False, test_environment=True).normalized
        except (EmailNotValidError, ValueError) as error:
            raise ValidationError(f"Not a valid email address: {error}") from None


def domain(name: str) -> str:
    """The name of a host on the internet in its usual form. Raises EmailNotValidError."""
    return validate_email(f"a@{name}", check_deliverability=False, test_environment=True).domain


class Currency(fields.String):
    """A currency's ISO 4217 code, e.g. ``EUR``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        code = super()._deserialize(value, attr, data, **kwargs)[:4].upper()
        if code not in currencies():
            raise ValidationError("Not a currency's three-letter code (ISO 4217), such as EUR.")
        return code


class Language(fields.String):
    """A language tag (BCP 47) in which dates and numbers can be written, e.g. ``de`` or ``pt-BR``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        tag = language_tag(super()._deserialize(value, attr, data, **kwargs)[:40])
        if tag is None:
            raise ValidationError("Not a language tag (BCP 47) that is known here, such as de or pt-BR.")
        return tag


class TimeZone(fields.String):
    """A time zone of the IANA's database, e.g. ``Europe/Vienna``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in time_zones():
            raise ValidationError("Not a time zone of the IANA's database, such as Europe/Vienna or UTC.")
        return name


class Page(Schema):
    """Where to go on in a list."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at the most.", 50)
    )

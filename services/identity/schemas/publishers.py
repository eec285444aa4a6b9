"""The publisher and its settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError
from marshmallow import Schema, ValidationError, fields

from servicekit.web.fields import Text
from services.identity.schemas.common import Currency, Email, Language, TimeZone, described, domain

_OFFER = "{offer_id}"
_LONGEST_URL = 500


class WebAddress(Text):
    """An address on the web with a host's name, without a user's; of the ``schemes`` allowed."""

    def __init__(self, *, schemes: tuple[str, ...] = ("https", "http"), **options: Any) -> None:
        super().__init__(max_length=_LONGEST_URL, **options)
        self.schemes = schemes

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        self.check(text)
        return text

    def check(self, text: str) -> None:
        """Raise ValidationError if this is none."""
        example = f"{self.schemes[0]}://www.example.com/"
        try:
            parts = urlsplit(text)
            host, _port = parts.hostname or "", parts.port
            domain(host)
        except (ValueError, EmailNotValidError):
            raise ValidationError(f"Not a web address, such as {example}.") from None
        if parts.scheme not in self.schemes or any(character in text for character in ' "<>\\^`'):
            raise ValidationError(f"Not a web address, such as {example}.")
        if "@" in parts.netloc:
            raise ValidationError("Must not have a user's name or password in it.")


class OfferAddress(WebAddress):
    """The address of an offer on the publisher's website, with ``{offer_id}`` where its ID goes."""

    def check(self, text: str) -> None:
        """Raise ValidationError if this is none."""
        if text.count(_OFFER) != 1 or set("{}") & set(text.replace(_OFFER, "")):
            raise ValidationError(f"Must have {_OFFER} in it, once, and no other braces.")
        if _OFFER in urlsplit(text).netloc:
            raise ValidationError(f"{_OFFER} must come after the host's name.")
        super().check(text.replace(_OFFER, "x"))


def _in_answers(description: str, example: str | None = None) -> fields.String:
    return fields.String(required=True, allow_none=True, metadata=described(description, example))


class PublisherView(Schema):
    """One's publisher, with its settings."""

    id = fields.String(required=True, metadata=described("Its ID.", "pub_06h5yvkg1scm7h3b8k5rqt2xzw"))
    name = fields.String(required=True, metadata=described("Its name.", "Example Media"))
    created_at = fields.DateTime(required=True, metadata=described("When it was created, UTC."))
    time_zone = fields.String(required=True, metadata=described("By which its days go (IANA).", "Europe/Vienna"))
    language = fields.String(required=True, metadata=described("Its language (BCP 47).", "de-AT"))
    currency = _in_answers("In which it mostly sells (ISO 4217).", "EUR")
    website_url = _in_answers("Its website.", "https://www.example.com/")
    offer_url_template = _in_answers(
        "Where an offer is on its website; `{offer_id}` stands for the offer's ID.",
        "https://www.example.com/offers/{offer_id}",
    )
    support_email = _in_answers("Where its customers ask for help.", "help@example.com")


class EditPublisher(Schema):
    """Settings to change; what is absent stays, null clears."""

    name = Text(max_length=100, metadata=described("Its name, as customers know it.", "Example Media"))
    time_zone = TimeZone(metadata=described("By which its days go (IANA).", "Europe/Vienna"))
    language = Language(metadata=described("Its language (BCP 47).", "de-AT"))
    currency = Currency(allow_none=True, metadata=described("In which it mostly sells (ISO 4217).", "EUR"))
    website_url = WebAddress(
        allow_none=True, metadata=described("Its website, with http or https.", "https://www.example.com/")
    )
    offer_url_template = OfferAddress(
        schemes=("https",),
        allow_none=True,
        metadata=described(
            "Where an offer is on its website, with https; `{offer_id}` stands for the offer's ID.",
            "https://www.example.com/offers/{offer_id}",
        ),
    )
    support_email = Email(
        max_length=254,
        allow_none=True,
        metadata=described("Where its customers ask for help.", "help@example.com"),
    )

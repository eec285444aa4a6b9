"""Fields that the bodies and parameters of several nouns share."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from servicekit.ids import is_id
from servicekit.web.describing import described
from services.billing.calendar_rules import MOST_COUNT, UNITS
from services.billing.money import MOST_MINOR, Money, NotAnAmount, UnknownCurrency, digits_of, parse_amount


class MoneyField(fields.Field[Money]):
    """An amount: minor units, or a decimal number in major units as text, exact in its currency.

    ``lowest`` is the least that is taken, in minor units.
    """

    def __init__(self, *, lowest: int = 1, **options: Any) -> None:
        described_as = options.pop("metadata")
        schema = {
            "type": "object",
            "properties": {
                "amount_minor": {"type": "integer", "minimum": lowest, "maximum": MOST_MINOR},
                "amount": {"type": "string", "description": "Instead of `amount_minor`: in major units, `12.99`."},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
            "required": ["currency"],
            "additionalProperties": False,
            "example": {"amount_minor": 1299, "currency": "EUR"},
        }
        super().__init__(metadata={**schema, **described_as}, **options)
        self._lowest = lowest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        if not isinstance(value, dict):
            raise ValidationError('Not an amount such as {"amount_minor": 1299, "currency": "EUR"}.')
        unknown = sorted(str(name) for name in value if name not in ("amount_minor", "amount", "currency"))
        if unknown:
            raise ValidationError({unknown[0][:50]: ["Unknown field."]})
        if ("amount" in value) == ("amount_minor" in value):
            raise ValidationError("Give either amount_minor or amount.")
        return Money(self._minor(value), value["currency"])

    def _minor(self, value: dict[str, Any]) -> int:
        currency = value.get("currency")
        try:
            if not isinstance(currency, str):
                raise UnknownCurrency
            digits_of(currency)
        except UnknownCurrency:
            raise ValidationError(
                {"currency": ["Not a currency's three-letter code (ISO 4217), such as EUR."]}
            ) from None
        if "amount" in value:
            if not isinstance(value["amount"], str):
                raise ValidationError({"amount": ["Must be text such as 12.99, so that it is exact."]})
            try:
                minor = parse_amount(value["amount"], currency)
            except NotAnAmount as error:
                raise ValidationError({"amount": [str(error)]}) from None
        else:
            minor = value["amount_minor"]
        where = "amount" if "amount" in value else "amount_minor"
        if type(minor) is not int:
            raise ValidationError({where: ["Not a whole number of minor units."]})
        if not self._lowest <= minor <= MOST_MINOR:
            raise ValidationError({where: [f"Not between {self._lowest} and {MOST_MINOR} minor units."]})
        return minor


class IdField(fields.String):
    """One of our IDs."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self._prefix = prefix

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_id(text, self._prefix):
            raise ValidationError(f"Not an ID such as {self._prefix}_06h5yvkg1scm7h3b8k5rqt2xzw.")
        return text


class Period(Schema):
    """A length of time by the calendar."""

    unit = fields.String(
        required=True, validate=validate.OneOf(UNITS), metadata=described("Of the calendar.", "month", enum=[*UNITS])
    )
    count = fields.Integer(
        required=True, strict=True, validate=validate.Range(1, MOST_COUNT["day"]), metadata=described("How many.", 1)
    )


def check_period(period: dict[str, Any] | None) -> None:
    """Raise ValidationError for a period longer than ten years."""
    if period is not None and period["count"] > MOST_COUNT[period["unit"]]:
        raise ValidationError({"count": ["Longer than ten years."]})


class Page(Schema):
    """Where to go on in a list."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=described("`next_cursor` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at the most.", 50)
    )


class CustomersPage(Page):
    """Of which customer, and where to go on."""

    customer_id = fields.String(
        required=True,
        validate=validate.Length(1, 64),
        metadata=described("Whose.", "cus_06h5yvkg1scm7h3b8k5rqt2xzw"),
    )

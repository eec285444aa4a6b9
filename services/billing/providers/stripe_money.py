"""Amounts as Stripe counts them (its "Supported currencies"): not everywhere in ISO 4217's minor units."""

from __future__ import annotations

from services.billing.money import Money
from services.billing.providers.port import ProviderRefused

# Without decimals in ISO 4217, with two at Stripe.
_TIMES_100 = ("ISK", "UGX")
# With two decimals in ISO 4217, without any at Stripe.
_BY_100 = ("MGA",)
# With three decimals, of which Stripe takes two: the last digit has to be 0.
_LAST_DIGIT_ZERO = ("BHD", "JOD", "KWD", "OMR", "TND")


def to_stripe(amount: Money) -> tuple[int, str]:
    """Stripe's amount and currency. Raises ProviderRefused for one that Stripe can't charge exactly."""
    number, currency = amount.amount_minor, amount.currency
    if number <= 0:
        raise ProviderRefused("amount_invalid", "The amount has to be above zero.")
    step = 10 if currency in _LAST_DIGIT_ZERO else 100 if currency in _BY_100 else 1
    if number % step:
        raise ProviderRefused("amount_invalid", f"Stripe takes amounts in {currency} only in steps of {step}.")
    if currency in _TIMES_100:
        number *= 100
    elif currency in _BY_100:
        number //= 100
    return number, currency.lower()


def from_stripe(number: int, currency: str) -> Money:
    """Our amount of Stripe's; what Stripe has finer than the currency (it never should) is cut off."""
    code = currency.upper()
    if code in _TIMES_100:
        return Money(number // 100, code)
    return Money(number * 100 if code in _BY_100 else number, code)

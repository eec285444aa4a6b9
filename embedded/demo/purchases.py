"""What the n-th customer of a seed bought: offers, subscriptions and payments, as rows of files that are imported."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import shake_128
from typing import Any

from embedded.demo.draws import Choice, below, share
from services.billing.calendar_rules import after_periods

Rows = list[dict[str, Any]]
_DRAWS = 64
_UNPACK = struct.Struct(f"<{_DRAWS}I").unpack
_MOST_PERIODS = 24
# Name, kind, period, days of trial, tax; and the price in each currency, in major units.
_CATALOG: tuple[tuple[str, str, str, str | None, int, dict[str, str]], ...] = (
    ("PREMIUM-M", "Premium, monthly", "subscription", "month", 14,
     {"EUR": "9.99", "USD": "10.99", "GBP": "8.99", "JPY": "1200"}),
    ("PREMIUM-Y", "Premium, yearly", "subscription", "year", 14,
     {"EUR": "99.00", "USD": "109.00", "GBP": "89.00", "JPY": "12000"}),
    ("BASIC-M", "Basic, monthly", "subscription", "month", 0,
     {"EUR": "4.99", "USD": "5.49", "GBP": "4.49", "JPY": "600"}),
    ("SEASON", "Season pass", "pass", "3 months", 0,
     {"EUR": "24.90", "USD": "27.90", "GBP": "21.90", "JPY": "3500"}),
    ("FINAL", "The final, live", "event", None, 0,
     {"EUR": "14.90", "USD": "15.90", "GBP": "12.90", "JPY": "1900", "KWD": "4.750"}),
    ("FILM", "Film of the month", "single", None, 0,
     {"EUR": "3.99", "USD": "4.49", "GBP": "3.49", "JPY": "500", "KWD": "1.250"}),
)  # fmt: skip
_CURRENCIES = ("EUR", "USD", "GBP", "JPY")
_TAX = {"EUR": "19", "GBP": "20", "JPY": "10"}
_STATUSES = Choice([("active", 52), ("expired", 22), ("cancelled", 12), ("trialing", 8), ("past_due", 6)])
_CHANNELS = Choice([("web", 66), ("google", 14), ("apple", 14), ("roku", 3), ("amazon", 3)])
_SUBSCRIBED = Choice([("PREMIUM-M", 55), ("BASIC-M", 30), ("PREMIUM-Y", 15)])
_ONCE = Choice([("FILM", 55), ("FINAL", 30), ("SEASON", 15)])
_CARDS = Choice([("tok_visa", 60), ("tok_mastercard", 28), ("tok_amex", 12)])
_FACES = {
    "tok_visa": ("Visa", "4242"),
    "tok_mastercard": ("Mastercard", "4444"),
    "tok_amex": ("American Express", "0005"),
}
_RUNS_DRY = "tok_renewal_insufficient_funds"
_HAS_SUBSCRIPTION, _HAS_BOUGHT_ONCE = share(72), share(45)
_FAILS, _GIVEN_BACK, _IN_PART = share(5), share(3), share(6)


@dataclass(slots=True)
class Bought:
    """What one customer has bought."""

    subscriptions: Rows = field(default_factory=list)
    transactions: Rows = field(default_factory=list)


def offers() -> Rows:
    """Everything that is or was sold, once for each currency."""
    rows = [
        {
            "external_id": offer_id(sku, currency), "name": name, "kind": kind, "price": price, "currency": currency,
            "tax_percent": _TAX.get(currency, "0"), "period": period, "trial_days": trial,
        }
        for sku, name, kind, period, trial, prices in _CATALOG
        for currency, price in prices.items()
    ]  # fmt: skip
    classic = {
        "external_id": "DEMO-CLASSIC-EUR",
        "name": "Classic, quarterly",
        "kind": "subscription",
        "price": "19.90",
    }
    return [*rows, {**classic, "currency": "EUR", "tax_percent": "19", "period": "3 months", "status": "retired"}]


def offer_id(sku: str, currency: str) -> str:
    """The external ID of an offer."""
    return f"DEMO-{sku}-{currency}"


def bought(seed: int, number: int, *, external_id: str, currency: str, since: datetime, now: datetime) -> Bought:
    """What the customer of this number bought since then: told by the seed, the number and these alone."""
    drawn = _UNPACK(shake_128(b"purchases %d %d" % (seed, number)).digest(4 * _DRAWS))
    customer = _Customer(seed, number, external_id, currency if currency in _CURRENCIES else "EUR", now, drawn)
    result = Bought()
    if drawn[0] < _HAS_SUBSCRIPTION:
        customer.subscribe(result, since)
    if drawn[1] < _HAS_BOUGHT_ONCE:
        customer.buy_once(result, since)
    return result


class _Customer:
    def __init__(
        self, seed: int, number: int, external_id: str, currency: str, now: datetime, drawn: Sequence[int]
    ) -> None:
        self._seed, self._number, self._now, self._drawn = seed, number, now, drawn
        self._whose = {"customer_external_id": external_id}
        self._currency = currency
        self._card = _CARDS.pick(drawn[2])
        self._paid = 0

    def subscribe(self, result: Bought, since: datetime) -> None:
        """A subscription and its payments; none where the account is too young for it."""
        drawn, now = self._drawn, self._now
        sku, status, channel = _SUBSCRIBED.pick(drawn[3]), _STATUSES.pick(drawn[4]), _CHANNELS.pick(drawn[5])
        unit = "year" if sku == "PREMIUM-Y" else "month"
        if status == "trialing":
            started = now - timedelta(days=1 + below(12, drawn[6]), minutes=below(1440, drawn[7]))
            ends, periods = started + timedelta(days=14), 0
            channel = "web"
        else:
            latest = self._beginning(status, unit, drawn[6], drawn[7])
            most = min((latest - since).days // (366 if unit == "year" else 31), _MOST_PERIODS)
            if most < 0:
                return
            periods = 1 + below(most + 1, drawn[8])
            started = after_periods(latest, unit, 1, 1 - periods, "UTC")
            ends = after_periods(started, unit, 1, periods, "UTC")
        external_id = self._subscription_id(channel)
        result.subscriptions.append({
            **self._whose, "external_id": external_id, "offer": offer_id(sku, self._currency), "status": status,
            "channel": channel, "started_at": _moment(started), "current_period_end": _moment(ends),
            **(self._method(status) if channel == "web" else {}),
        })  # fmt: skip
        for period in range(periods):
            at = after_periods(started, unit, 1, period, "UTC")
            more = {"kind": "renewal" if period else "purchase", "subscription_external_id": external_id}
            order = {"google": f"{external_id}..{period - 1}" if period else external_id}.get(channel)
            result.transactions += self._payments(sku, channel, at, drawn[10 + period], order, **more)
        if status == "past_due":
            more = {"kind": "renewal", "subscription_external_id": external_id, "status": "failed"}
            result.transactions.append(self._payment(sku, channel, ends, None, **more))

    def buy_once(self, result: Bought, since: datetime) -> None:
        """Some films, events and passes."""
        span = max(int((self._now - since).total_seconds()), 1)
        for place in range(1 + below(4, self._drawn[40])):
            draw = self._drawn[41 + place]
            at = since + timedelta(seconds=below(span, draw))
            sku, channel = _ONCE.pick(self._drawn[46 + place]), _CHANNELS.pick(self._drawn[51 + place])
            result.transactions += self._payments(sku, channel, at, self._drawn[56 + place], None, kind="purchase")

    def _beginning(self, status: str, unit: str, days: int, minutes: int) -> datetime:
        """When the present period began, or for what has ended the last one; never after the 28th, which all months
        have."""
        back = below(24, days)
        if status == "past_due":
            ends = self._now - timedelta(days=2, minutes=below(1440, minutes))
            back = (self._now - after_periods(ends, unit, 1, -1, "UTC")).days
        elif status == "expired":
            back = (400 if unit == "year" else 60) + below(600, days)
        began = self._now - timedelta(days=back, minutes=1 + below(1440, minutes))
        return began - timedelta(days=max(began.day - 28, 0))

    def _payments(
        self, sku: str, channel: str, at: datetime, draw: int, order: str | None, **more: Any
    ) -> Iterator[dict[str, Any]]:
        """A payment, sometimes after one that failed, sometimes given back."""
        if draw % 97 < 5 and at > self._now - timedelta(days=800):
            yield self._payment(sku, channel, at - timedelta(minutes=3), None, **{**more, "status": "failed"})
        price = self._price(sku)
        given = {}
        if draw < _GIVEN_BACK:
            given = {"refunded": price}
        elif draw < _IN_PART:
            given = {"refunded": f"{float(price) / 2:.0f}" if self._currency == "JPY" else f"{float(price) / 2:.2f}"}
        yield self._payment(sku, channel, at, order, **more, **given)

    def _payment(self, sku: str, channel: str, at: datetime, order: str | None, **more: Any) -> dict[str, Any]:
        self._paid += 1
        mine = f"{self._seed}_{self._number:06}_{self._paid}"
        row = {
            **self._whose, "offer": offer_id(sku, self._currency), "created_at": _moment(at),
            "amount": self._price(sku), "currency": self._currency, "channel": channel, **more,
        }  # fmt: skip
        if channel == "web":
            brand, last4 = _FACES[self._card]
            card = {"card_brand": brand, "card_last4": last4}
            return {**row, "provider": "sandbox", "provider_reference": f"sandbox_charge_demo_{mine}", **card}
        return {**row, "external_order_id": order or self._order_id(channel)}

    def _order_id(self, channel: str) -> str:
        digits = f"{self._number:08}{self._paid:04}"
        if channel == "google":
            return f"GPA.33{self._seed:02}-{digits[:4]}-{digits[4:8]}-{digits[8:]}0"
        return f"2{self._seed:03}{digits}"

    def _subscription_id(self, channel: str) -> str:
        if channel == "google":
            return f"GPA.34{self._seed:02}-0000-{self._number:08}"[:-4] + f"-{self._number % 10_000:05}"
        return f"DEMO-S{self._seed}-{self._number:06}" if channel == "web" else f"1{self._seed:03}{self._number:011}"

    def _method(self, status: str) -> dict[str, str]:
        token = _RUNS_DRY if status == "past_due" else self._card
        brand, last4 = _FACES.get(token, ("Visa", "0341"))
        expiry = f"{1 + self._number % 12:02}/{self._now.year + 1 + self._number % 5}"
        return {
            "provider": "sandbox", "payment_method": f"{token}.demo{self._number:06}", "card_brand": brand,
            "card_last4": last4, "card_expiry": expiry,
        }  # fmt: skip

    def _price(self, sku: str) -> str:
        return next(prices[self._currency] for known, *_, prices in _CATALOG if known == sku)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

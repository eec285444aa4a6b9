"""The form of filters: conditions of the search's own language, written by whoever doesn't want to learn it.

What is chosen becomes part of the query, so that the box shows it, and its address can be kept and given to others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from werkzeug.datastructures import MultiDict

from services.console.choices import name_of
from services.console.selling import CHANNELS, SUBSCRIPTION_STATUSES

_TERM = re.compile(r'(?:[^\s"]|"[^"]*")+')
_OPERATORS = ("OR", "AND", "NOT")
_PLAIN = re.compile(r"[\w.+-]+\Z")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?\Z", re.ASCII)
_MONEY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([A-Z]{3})?\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)

Chosen = Mapping[str, Sequence[str]]
"""What the controls of one filter hold: the first one under an empty name, others as they are called."""

PAST: Mapping[str, str] = {
    "<7d": "in the last 7 days",
    "<30d": "in the last 30 days",
    "<90d": "in the last 90 days",
    "<1y": "in the last year",
    ">30d": "more than 30 days ago",
    ">90d": "more than 90 days ago",
    ">1y": "more than a year ago",
    "never": "never",
}
AHEAD: Mapping[str, str] = {
    "<7d": "within 7 days",
    "<30d": "within 30 days",
    ">30d": "later than in 30 days",
    "never": "none",
}
METHODS: Mapping[str, str] = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "american express": "American Express",
    "paypal": "PayPal",
    "sepa_debit": "SEPA direct debit",
}
_YES_NO: Mapping[str, str] = {"yes": "Yes", "no": "No"}


class Kind(Protocol):
    """How a filter's controls become a condition, and a condition what the controls hold."""

    def written(self, name: str, chosen: Chosen) -> str:
        """The condition; empty for none."""

    def read(self, name: str, term: str) -> Chosen | None:
        """What the controls hold where ``term`` is one that they write; None for any other."""

    def told(self, chosen: Chosen) -> str:
        """What was chosen, in words."""


def _one(chosen: Chosen, control: str = "") -> str:
    return next((value.strip() for value in chosen.get(control, ()) if value.strip()), "")


def _quoted(value: str) -> str:
    return value if _PLAIN.match(value) else '"' + value.replace('"', "") + '"'


@dataclass(frozen=True)
class OneOf:
    """One of several values, by ``:``. ``called`` says what a value is called."""

    called: Callable[[str], str]

    def written(self, name: str, chosen: Chosen) -> str:
        value = _one(chosen)
        return f"{name}:{_quoted(value)}" if value else ""

    def read(self, name: str, term: str) -> Chosen | None:
        value = term.removeprefix(f"{name}:")
        plain = value.strip('"')
        return {"": (plain,)} if value != term and plain and value == _quoted(plain) else None

    def told(self, chosen: Chosen) -> str:
        return self.called(_one(chosen))


@dataclass(frozen=True)
class AnyOf:
    """Some of several values."""

    called: Callable[[str], str]

    def written(self, name: str, chosen: Chosen) -> str:
        values = ",".join(dict.fromkeys(value for value in chosen.get("", ()) if _PLAIN.match(value)))
        return f"{name}:{values}" if values else ""

    def read(self, name: str, term: str) -> Chosen | None:
        value = term.removeprefix(f"{name}:")
        values = tuple(value.split(","))
        return {"": values} if value != term and all(map(_PLAIN.match, values)) else None

    def told(self, chosen: Chosen) -> str:
        return ", ".join(map(self.called, chosen.get("", ())))


@dataclass(frozen=True)
class Has:
    """Whether there is any."""

    def written(self, name: str, chosen: Chosen) -> str:
        return {"yes": f"has:{name}", "no": f"-has:{name}"}.get(_one(chosen), "")

    def read(self, name: str, term: str) -> Chosen | None:
        value = {f"has:{name}": "yes", f"-has:{name}": "no"}.get(term)
        return {"": (value,)} if value else None

    def told(self, chosen: Chosen) -> str:
        return _YES_NO.get(_one(chosen), "")


@dataclass(frozen=True)
class Range:
    """From one value to another, both included; either may be left out."""

    value: re.Pattern[str] = _NUMBER

    def written(self, name: str, chosen: Chosen) -> str:
        low, high = _one(chosen, "from"), _one(chosen, "to")
        # What isn't such a value is written all the same: the search says what is wrong with it, and where.
        return f"{name}:{_bare(low)}..{_bare(high)}" if low or high else ""

    def read(self, name: str, term: str) -> Chosen | None:
        value = term.removeprefix(f"{name}:")
        low, dots, high = value.partition("..")
        fits = all(each == "" or self.value.match(each) for each in (low, high))
        return {"from": (low,), "to": (high,)} if value != term and dots and fits and (low or high) else None

    def told(self, chosen: Chosen) -> str:
        low, high = _one(chosen, "from"), _one(chosen, "to")
        return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"


@dataclass(frozen=True)
class Amounts:
    """From one amount to another, of a currency or as plain numbers."""

    def written(self, name: str, chosen: Chosen) -> str:
        currency = _one(chosen, "currency")
        low, high = (f"{_bare(each)}{currency}" if each else "" for each in (_one(chosen, "from"), _one(chosen, "to")))
        return f"{name}:{low}..{high}" if low or high else ""

    def read(self, name: str, term: str) -> Chosen | None:
        value = term.removeprefix(f"{name}:")
        low, dots, high = value.partition("..")
        parts = [_MONEY.match(each) for each in (low, high) if each]
        currencies = {found[2] for found in parts if found}
        if value == term or not dots or not parts or None in parts or len(currencies) != 1:
            return None
        (currency,) = currencies
        amounts = [found[1] if (found := _MONEY.match(each)) else "" for each in (low, high)]
        return {"from": (amounts[0],), "to": (amounts[1],), "currency": (currency or "",)}

    def told(self, chosen: Chosen) -> str:
        return f"{Range().told(chosen)} {_one(chosen, 'currency')}".strip()


@dataclass(frozen=True)
class Dates:
    """A span up to now or from now on, never, or days from one to another (which go first)."""

    spans: Mapping[str, str]

    def written(self, name: str, chosen: Chosen) -> str:
        span = _one(chosen)
        days = Range(_DAY).written(name, chosen)
        if days or span not in self.spans:
            return days
        return f"-has:{name}" if span == "never" else f"{name}{span}"

    def read(self, name: str, term: str) -> Chosen | None:
        if term == f"-has:{name}":
            return {"": ("never",)}
        span = term.removeprefix(name)
        if span != term and span != "never" and span in self.spans:
            return {"": (span,)}
        return Range(_DAY).read(name, term)

    def told(self, chosen: Chosen) -> str:
        span = _one(chosen)
        return self.spans[span] if span in self.spans else Range(_DAY).told(chosen)


def _bare(value: str) -> str:
    """As it can stand in a condition."""
    return re.sub(r'[\s"]', "", value.replace(",", "."))


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of the form: ``name`` is the search's own word for it."""

    name: str
    label: str
    kind: Kind


def _in(table: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: table.get(value, value)


STATUSES: Mapping[str, str] = {status: told[0] for status, told in SUBSCRIPTION_STATUSES.items()}
FILTERS: Sequence[Filter] = (
    Filter("subscription", "Subscription", AnyOf(_in(STATUSES))),
    Filter("access", "Has access", OneOf(_in(_YES_NO))),
    Filter("payment_method", "Last payment method", OneOf(_in(METHODS))),
    Filter("channel", "Last channel", OneOf(_in(CHANNELS))),
    Filter("subscriptions", "Active subscriptions", Range()),
    Filter("transactions", "Transactions", Range()),
    Filter("lifetime_value", "Lifetime value", Amounts()),
    Filter("registered", "Registered", Dates(PAST)),
    Filter("last_login", "Last login", Dates(PAST)),
    Filter("first_transaction", "First transaction", Dates(PAST)),
    Filter("last_transaction", "Last transaction", Dates(PAST)),
    Filter("next_payment", "Next payment", Dates(AHEAD)),
    Filter("access_until", "Access until", Dates(AHEAD)),
    Filter("country", "Country", OneOf(lambda code: name_of("country", code))),
    Filter("language", "Language", OneOf(lambda code: name_of("language", code))),
    Filter("currency", "Currency", OneOf(lambda code: name_of("currency", code))),
    Filter("flag", "Flags", AnyOf(lambda key: key.replace("_", " "))),
    Filter("note", "Has notes", Has()),
)


@dataclass(frozen=True)
class Filtering:
    """Words and filters. ``chosen`` has what the controls of each filter hold, by the filter's name."""

    words: str = ""
    chosen: Mapping[str, Chosen] = field(default_factory=dict)

    @classmethod
    def of_query(cls, q: str) -> Filtering:
        """What a query says: the conditions that the form can show, and the rest as words."""
        terms = _TERM.findall(q)
        if q.count('"') % 2 or any(term in _OPERATORS for term in terms):
            return cls(words=q.strip())  # where conditions hang together, they stay as they were written
        chosen: dict[str, Chosen] = {}
        words = []
        for term in terms:
            found = next(_read(term, chosen), None)
            if found is None:
                words.append(term)
            else:
                chosen[found[0]] = found[1]
        return cls(" ".join(words), chosen)

    @classmethod
    def of_form(cls, sent: MultiDict[str, str]) -> Filtering:
        """What the form says."""
        chosen = {}
        for each in FILTERS:
            names = {"": each.name, **{part: f"{each.name}_{part}" for part in ("from", "to", "currency")}}
            controls = {part: tuple(sent.getlist(name)) for part, name in names.items()}
            if each.kind.written(each.name, controls):
                chosen[each.name] = controls
        return cls(sent.get("words", "").strip(), chosen)

    @property
    def query(self) -> str:
        """What the box understands."""
        conditions = [text for each in FILTERS if (text := each.kind.written(each.name, self.of(each.name)))]
        words = [self.words] if self.words else []
        dangling = bool(words) and self.words.split()[-1] in _OPERATORS
        return " ".join([*conditions, *words] if dangling else [*words, *conditions])

    def of(self, name: str) -> Chosen:
        """What a filter's controls hold."""
        return self.chosen.get(name, {})

    def value(self, name: str, control: str = "") -> str:
        """What one of them holds."""
        return _one(self.of(name), control)

    def has(self, name: str, value: str) -> bool:
        """Whether it is among a filter's values."""
        return value in self.of(name).get("", ())

    @property
    def told(self) -> Iterator[tuple[str, str, str]]:
        """Each filter in use: what it is called, what was chosen, and the query without it."""
        for each in FILTERS:
            if each.name in self.chosen:
                others = {name: chosen for name, chosen in self.chosen.items() if name != each.name}
                yield each.label, each.kind.told(self.of(each.name)), Filtering(self.words, others).query


def _read(term: str, chosen: Mapping[str, Chosen]) -> Iterator[tuple[str, Chosen]]:
    for each in FILTERS:
        if each.name not in chosen and (found := each.kind.read(each.name, term)) is not None:
            yield each.name, found

"""The kinds of filters: how what a form's controls hold becomes a condition of the search's language, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

_PLAIN = re.compile(r"[\w.+-]+\Z")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?\Z", re.ASCII)
_MONEY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([A-Z]{3})?\Z", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)

Chosen = Mapping[str, Sequence[str]]
"""What the controls of one filter hold: the first one under an empty name, others as they are called."""

YES_NO: Mapping[str, str] = {"yes": "Yes", "no": "No"}


class Kind(Protocol):
    """How a filter's controls become a condition, and a condition what the controls hold."""

    def written(self, name: str, chosen: Chosen) -> str:
        """The condition; empty for none."""

    def read(self, name: str, term: str) -> Chosen | None:
        """What the controls hold where ``term`` is one that they write; None for any other."""

    def told(self, chosen: Chosen) -> str:
        """What was chosen, in words."""


def only(chosen: Chosen, control: str = "") -> str:
    """What one control holds; of several values the first."""
    return next((value.strip() for value in chosen.get(control, ()) if value.strip()), "")


def _quoted(value: str) -> str:
    return value if _PLAIN.match(value) else f'"{value}"'


@dataclass(frozen=True)
class OneOf:
    """One of several values, by ``:``. ``called`` says what a value is called."""

    called: Callable[[str], str]

    def written(self, name: str, chosen: Chosen) -> str:
        value = only(chosen).replace('"', "").strip()
        return f"{name}:{_quoted(value)}" if value else ""

    def read(self, name: str, term: str) -> Chosen | None:
        value = term.removeprefix(f"{name}:")
        plain = value.strip('"')
        return {"": (plain,)} if value != term and plain and value == _quoted(plain) else None

    def told(self, chosen: Chosen) -> str:
        return self.called(only(chosen))


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
        return {"yes": f"has:{name}", "no": f"-has:{name}"}.get(only(chosen), "")

    def read(self, name: str, term: str) -> Chosen | None:
        value = {f"has:{name}": "yes", f"-has:{name}": "no"}.get(term)
        return {"": (value,)} if value else None

    def told(self, chosen: Chosen) -> str:
        return YES_NO.get(only(chosen), "")


@dataclass(frozen=True)
class Range:
    """From one value to another, both included; either may be left out."""

    value: re.Pattern[str] = _NUMBER

    def written(self, name: str, chosen: Chosen) -> str:
        low, high = only(chosen, "from"), only(chosen, "to")
        # What isn't such a value is written all the same: the search says what is wrong with it, and where.
        return f"{name}:{_bare(low)}..{_bare(high)}" if low or high else ""

    def read(self, name: str, term: str) -> Chosen | None:
        value = term.removeprefix(f"{name}:")
        low, dots, high = value.partition("..")
        fits = all(each == "" or self.value.match(each) for each in (low, high))
        return {"from": (low,), "to": (high,)} if value != term and dots and fits and (low or high) else None

    def told(self, chosen: Chosen) -> str:
        low, high = only(chosen, "from"), only(chosen, "to")
        return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"


@dataclass(frozen=True)
class Amounts:
    """From one amount to another, of a currency or as plain numbers."""

    def written(self, name: str, chosen: Chosen) -> str:
        currency = only(chosen, "currency")
        low, high = (f"{_bare(each)}{currency}" if each else "" for each in (only(chosen, "from"), only(chosen, "to")))
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
        return f"{Range().told(chosen)} {only(chosen, 'currency')}".strip()


@dataclass(frozen=True)
class Dates:
    """A span up to now or from now on, never, or days from one to another (which go first)."""

    spans: Mapping[str, str]

    def written(self, name: str, chosen: Chosen) -> str:
        span = only(chosen)
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
        span = only(chosen)
        return self.spans[span] if span in self.spans else Range(_DAY).told(chosen)


def _bare(value: str) -> str:
    """As it can stand in a condition. A comma before three digits groups thousands, any other is a decimal point."""
    bare = re.sub(r'[\s"]', "", value)
    return bare.replace(",", "" if _GROUPED.match(bare) else ".")

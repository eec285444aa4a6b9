"""The form of filters: conditions of the search's own language, written by whoever doesn't want to learn it.

What is chosen becomes part of the query, so that the box shows it, and its address can be kept and given to others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from services.console.choices import name_of
from services.console.filter_kinds import YES_NO, Amounts, AnyOf, Chosen, Dates, Has, Kind, OneOf, Range, only
from services.console.selling import CHANNELS, SUBSCRIPTION_STATUSES

_TERM = re.compile(r'(?:[^\s"]|"[^"]*")+')
_OPERATORS = ("OR", "AND", "NOT")

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
    Filter("access", "Has access", OneOf(_in(YES_NO))),
    Filter("payment_method", "Last payment method", OneOf(_in(METHODS))),
    Filter("first_channel", "First channel", OneOf(_in(CHANNELS))),
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
        words = sent.get("words", "").strip()
        # A quote that isn't closed would take what comes behind it for text.
        return cls(words + '"' * (words.count('"') % 2), chosen)

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
        return only(self.of(name), control)

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

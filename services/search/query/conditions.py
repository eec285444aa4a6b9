"""``field:value`` and comparisons: each condition of the query language as a node of the tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from services.search.columns import BY_COLUMN, Column, Values, number_key
from services.search.query import codes, dates
from services.search.query.errors import InvalidQuery
from services.search.query.fields import (
    FIELDS,
    STATUSES,
    SUBSCRIPTION_STATUSES,
    Field,
    columns_of,
    example,
    similar,
    similar_column,
)
from services.search.query.lexer import Term, Value
from services.search.query.numbers import number_range
from services.search.query.tree import Either, Filled, Node, Not, Range, Word
from services.search.query.words import bought, phrase, word

_NAMES = {"country": codes.countries, "currency": codes.currencies, "lifetime_currency": codes.currencies}
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


def condition(term: Term, *, where: str, now: datetime) -> Node:
    """The node of a term with a field. Raises InvalidQuery."""
    return _Condition(term, where, now).node()


class _Condition:
    def __init__(self, term: Term, where: str, now: datetime) -> None:
        self.term = term
        self.where = where
        self.now = now

    def node(self) -> Node:
        for value in self.term.values:
            if not value.text and not value.quoted:
                hint = f"Write a value right behind it, such as {example(self.term.field, self.term.operator)}."
                raise self._mistake(f"Nothing stands behind {self.term.field}{self.term.operator}", hint, value)
        kinds: dict[str, Callable[[Value], Node]] = {"has": self._has, "is": self._is}
        make = kinds.get(self.term.field) or self._of_field(self._field())
        if self.term.field in kinds and self.term.operator != ":":
            hint = f"Write {example(self.term.field, ':')}."
            raise self._mistake(f"{self.term.field} takes no comparison.", hint)
        nodes = tuple(map(make, self.term.values))
        node = nodes[0] if len(nodes) == 1 else Either(nodes)
        return Not(node) if self.term.negated else node

    def _field(self) -> Field:
        field = FIELDS.get(self.term.field)
        if field is None and self.term.field not in ("has", "is"):
            first = self.term.values[0].text.replace('"', "")
            quoted = (
                f'To search for it as it is, put it in quotes: "{self.term.field}{self.term.operator}{first[:40]}".'
            )
            raise self._mistake(f"There is no field {self.term.field}.", f"{similar(self.term.field)} {quoted}")
        return field or FIELDS["id"]

    def _of_field(self, field: Field) -> Callable[[Value], Node]:
        def node(value: Value) -> Node:
            if value.quoted and not value.text.strip():
                return self._empty(field, value)
            if field.is_number:
                return self._number(field, value)
            is_equal = self.term.operator in (":", "=")
            if field.is_dated and not (is_equal and field.attributes):
                return self._range(field, value)
            if not is_equal and field.flag:
                hint = f"Write {self.term.field}:yes or {self.term.field}:no."
                raise self._mistake(f"{self.term.field} can't be compared.", hint)
            if not is_equal:
                hint = (
                    f"Write {self._corrected(field, value)}. What can be compared is birthdate, registered, "
                    "last_login, transactions, lifetime_value, next_payment."
                )
                raise self._mistake(f"{self.term.field} can't be compared.", hint)
            return self._flag(field, value) if field.flag else self._words(field, value)

        return node

    def _number(self, field: Field, value: Value) -> Node:
        column = BY_COLUMN[field.column]
        found = number_range(column, self.term.operator, value.text)
        if found is None:
            name, operator = self.term.field, self.term.operator
            more = f", {name}{operator}9.99, {name}{operator}100EUR" if column.values is Values.AMOUNT else ""
            hint = f"Write {name}{operator}3{more}{f', {name}:1..5' if operator == ':' else ''}."
            raise self._mistake(f"{value.text[:40]} is no number that {name} takes.", hint, value)
        return found

    def _flag(self, field: Field, value: Value) -> Node:
        said = value.text.strip().lower()
        if said not in (*_YES, *_NO):
            hint = f"Write {self.term.field}:yes or {self.term.field}:no."
            raise self._mistake(f"{self.term.field} is yes or no.", hint, value)
        return Filled(field.column) if said in _YES else Not(Filled(field.column))

    def _corrected(self, field: Field, value: Value) -> str:
        """The same condition without a comparison."""
        if field.codes and not _NAMES[field.name]().find(value.text):
            return example(self.term.field, ":")
        return f"{self.term.field}:{_as_value(value.text)}"

    def _words(self, field: Field, value: Value) -> Node:
        if field.codes:
            return self._named(field, value)
        if field.is_dated:
            if days := dates.birthdates(value.text, self.now.date()):
                return Word(value.text, tuple(day.isoformat() for day in days), field.attributes, exact=True)
            return self._range(field, value)
        whole = value.quoted or self.term.negated
        if field.of_transactions:
            return bought(value.text, field.attributes, exact=whole)
        return phrase(value.text, field.attributes) if whole else word(value.text, field.attributes)

    def _named(self, field: Field, value: Value) -> Node:
        names = _NAMES[field.name]()
        if found := names.find(value.text):
            return Word(value.text, found, field.attributes, exact=True, names="word")
        begun = names.begun(value.text)
        hint = f"Write its ISO code or its whole name, such as {example(field.name, ':')}."
        if begun:
            hint = f"Did you mean {self.term.field}:{_as_value(begun[0][1])}?"
        raise self._mistake(f"There is no {field.name} of this name.", hint, value)

    def _empty(self, field: Field, value: Value) -> Node:
        columns = columns_of(field.name)
        if not columns:
            raise self._mistake(f"{field.name} is never empty.", "Leave this out.", value)
        return Not(_any_filled(columns))

    def _has(self, value: Value) -> Node:
        columns = columns_of(value.text.lower())
        if not columns:
            raise self._mistake(f"There is no field {value.text[:40]} to have.", similar_column(value.text), value)
        return _any_filled(columns)

    def _is(self, value: Value) -> Node:
        if value.text.lower() not in STATUSES:
            hint = f"Write {' or '.join(f'is:{status}' for status in STATUSES)}."
            raise self._mistake(f"Nobody can be {value.text[:40]}.", hint, value)
        said = value.text.lower()
        if said == "subscribed":
            return _filled(BY_COLUMN["active_subscriptions"])
        attribute = "subscription_status" if said in SUBSCRIPTION_STATUSES else "status"
        return Word(value.text, (said,), (attribute,), exact=True)

    def _range(self, field: Field, value: Value) -> Node:
        text = value.text.strip()
        operator = self.term.operator
        if ".." in text and operator in (":", "="):
            begin, _, end = text.partition("..")
            low = self._period(begin, value)[0] if begin else None
            high = self._period(end, value)[1] if end else None
            return self._keys(field, low, high)
        if moment := (dates.ahead if field.ahead else dates.ago)(text.lower(), self.now):
            if operator in (":", "="):
                name = self.term.field
                meant = ("sooner than that", "later") if field.ahead else ("not so long ago", "longer ago")
                hint = f"Write {name}<{text} ({meant[0]}) or {name}>{text} ({meant[1]})."
                raise self._mistake("An age needs a comparison.", hint, value)
            is_low = (operator[0] == "<") is not field.ahead
            return self._keys(field, moment, None) if is_low else self._keys(field, None, moment)
        if operator in (":", "="):
            either = tuple(self._keys(field, *each) for each in self._periods(text, value))
            return either[0] if len(either) == 1 else Either(either)
        begins, ends = self._period(text, value)
        limits = {">=": (begins, None), ">": (ends, None), "<": (None, begins), "<=": (None, ends)}
        return self._keys(field, *limits[operator])

    def _period(self, text: str, value: Value) -> tuple[datetime, datetime]:
        """The one that is meant. Raises InvalidQuery where it may be one or another."""
        found = self._periods(text, value)
        if len(found) > 1:
            start = f"{self.term.field}{self.term.operator}"
            written = " or ".join(f"{start}{begin.date().isoformat()}" for begin, _ in found)
            raise self._mistake(f"{text[:40]} may be one day or another.", f"Write {written}.", value)
        return found[0]

    def _periods(self, text: str, value: Value) -> list[tuple[datetime, datetime]]:
        if found := dates.period(text.lower(), self.now):
            return [found]
        days = dates.birthdates(text, self.now.date())
        if not days:
            message = f"{text[:40]} is no date or age that {self.term.field} takes."
            raise self._mistake(message, self._dates_hint(), value)
        return [found for day in days if (found := dates.period(day.isoformat(), self.now))]

    def _dates_hint(self) -> str:
        name, operator = self.term.field, self.term.operator
        forms = ", ".join(f"{name}{operator}{form}" for form in ("2026-03-12", "2026-03", "2026", "today"))
        ages = f"{name}<30d" if operator in (":", "=") else f"{name}{operator}30d"
        more = f', {name}:2025..2026, {name}:"12 Mar 2026"' if operator == ":" else ""
        return f"Write {forms}{more}, or for an age {ages} (days; also h, w, m for months, y)."

    def _keys(self, field: Field, low: datetime | None, high: datetime | None) -> Range:
        keys = _day_key if BY_COLUMN[field.column].values is Values.DAY else _moment_key
        return Range(field.column, keys(low) if low else None, keys(high) if high else None)

    def _mistake(self, message: str, hint: str, value: Value | None = None) -> InvalidQuery:
        position = self.term.position if value is None else value.position
        return InvalidQuery(message, where=self.where, position=position, hint=hint)


def _as_value(text: str) -> str:
    """``text`` as it is written behind a colon."""
    plain = text.replace('"', "").strip()
    return plain if re.fullmatch(r"[^\s,\u3001\u3002]+", plain) and plain[0] not in "\u201c" else f'"{plain}"'


def _any_filled(columns: tuple[str, ...]) -> Node:
    filled = tuple(_filled(BY_COLUMN[column]) for column in columns)
    return filled[0] if len(filled) == 1 else Either(filled)


def _filled(column: Column) -> Node:
    """There is one at least, where it is counted."""
    return Range(column.name, number_key(1), None) if column.values is Values.COUNT else Filled(column.name)


def _day_key(moment: datetime) -> str:
    return moment.date().isoformat()


def _moment_key(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")

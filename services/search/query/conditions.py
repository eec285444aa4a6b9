"""``field:value`` and comparisons: each condition of the query language as a node of the tree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.search.columns import BY_COLUMN, Values
from services.search.query import codes, dates
from services.search.query.errors import InvalidQuery
from services.search.query.fields import FIELDS, STATUSES, Field, columns_of, similar
from services.search.query.lexer import Term, Value
from services.search.query.tree import Either, Filled, Node, Not, Range, Word
from services.search.query.words import phrase, word
from services.search.text import query_forms

_EXAMPLES = "2026-03-12, 2026-03, 2026, today, 30d (days; also h, w, m for months, y)"
_NAMES = {"country": codes.countries, "currency": codes.currencies}


def condition(term: Term, *, where: str, now: datetime) -> Node:
    """The node of a term with a field. Raises InvalidQuery."""
    return _Condition(term, where, now).node()


class _Condition:
    def __init__(self, term: Term, where: str, now: datetime) -> None:
        self.term = term
        self.where = where
        self.now = now

    def node(self) -> Node:
        kinds: dict[str, Callable[[Value], Node]] = {"has": self._has, "is": self._is}
        make = kinds.get(self.term.field) or self._of_field(self._field())
        if self.term.field in kinds and self.term.operator != ":":
            raise self._mistake(f"{self.term.field} takes no comparison.", f"Write {self.term.field}: and a word.")
        nodes = tuple(map(make, self.term.values))
        node = nodes[0] if len(nodes) == 1 else Either(nodes)
        return Not(node) if self.term.negated else node

    def _field(self) -> Field:
        field = FIELDS.get(self.term.field)
        if field is None and self.term.field not in ("has", "is"):
            quoted = f'To search for it as it is, put it in quotes: "{self.term.field}{self.term.operator}…".'
            raise self._mistake(f"There is no field {self.term.field}.", f"{similar(self.term.field)} {quoted}")
        return field or FIELDS["id"]

    def _of_field(self, field: Field) -> Callable[[Value], Node]:
        def node(value: Value) -> Node:
            if value.quoted and not value.text.strip():
                return self._empty(field, value)
            dated = field.column and BY_COLUMN[field.column].values is not Values.TEXT
            if dated and (self.term.operator != ":" or not field.attributes):
                return self._range(field, value)
            if self.term.operator not in (":", "="):
                hint = f"Write {self.term.field}:{value.text}, or compare birthdate, registered or last_login."
                raise self._mistake(f"{self.term.field} can't be compared.", hint)
            return self._words(field, value, dated=bool(dated))

        return node

    def _words(self, field: Field, value: Value, *, dated: bool) -> Node:
        if field.codes:
            return self._named(field, value)
        if dated:
            days = dates.birthdates(value.text, self.now.date()) or dates.spelled_birthdates(value.text.split())
            if days:
                return Word(value.text, tuple(day.isoformat() for day in days), field.attributes, exact=True)
            return self._range(field, value)
        whole = value.quoted or self.term.negated
        return phrase(value.text, field.attributes) if whole else word(value.text, field.attributes)

    def _named(self, field: Field, value: Value) -> Node:
        names = _NAMES[field.name]()
        found = [named for form in query_forms(value.text) if (named := names.find(form))]
        best = next((named for named in found if named.how == "word"), found[0] if found else None)
        if best is None:
            hint = "Write its ISO code (DE, EUR) or its name in any of many languages."
            raise self._mistake(f"There is no {field.name} of this name.", hint, value)
        return Word(value.text, best.codes, field.attributes, exact=True, names=best.how)

    def _empty(self, field: Field, value: Value) -> Node:
        columns = columns_of(field.name)
        if not columns:
            raise self._mistake(f"{field.name} is never empty.", "Leave this out.", value)
        return Not(_any_filled(columns))

    def _has(self, value: Value) -> Node:
        columns = columns_of(value.text.lower())
        if not columns:
            raise self._mistake(f"There is no field {value.text} to have.", similar(value.text), value)
        return _any_filled(columns)

    def _is(self, value: Value) -> Node:
        if value.text.lower() not in STATUSES:
            raise self._mistake(f"Nobody can be {value.text}.", f"Known are: {', '.join(STATUSES)}.", value)
        return Word(value.text, (value.text.lower(),), ("status",), exact=True)

    def _range(self, field: Field, value: Value) -> Range:
        text = value.text.strip()
        operator = self.term.operator
        if ".." in text and operator == ":":
            begin, _, end = text.partition("..")
            low = self._period(begin, value)[0] if begin else None
            high = self._period(end, value)[1] if end else None
            return self._keys(field, low, high)
        if moment := dates.ago(text.lower(), self.now):
            if operator in (":", "="):
                hint = f"Write {self.term.field}<{text} (not so long ago) or {self.term.field}>{text} (longer ago)."
                raise self._mistake("An age needs a comparison.", hint, value)
            return self._keys(field, moment, None) if operator[0] == "<" else self._keys(field, None, moment)
        begins, ends = self._period(text, value)
        limits = {
            ":": (begins, ends),
            "=": (begins, ends),
            ">=": (begins, None),
            ">": (ends, None),
            "<": (None, begins),
            "<=": (None, ends),
        }
        return self._keys(field, *limits[operator])

    def _period(self, text: str, value: Value) -> tuple[datetime, datetime]:
        found = dates.period(text.lower(), self.now)
        if found is None:
            raise self._mistake(
                f"{text[:40]} is no date or age that {self.term.field} takes.", f"Write {_EXAMPLES}.", value
            )
        return found

    def _keys(self, field: Field, low: datetime | None, high: datetime | None) -> Range:
        keys = _day_key if BY_COLUMN[field.column].values is Values.DAY else _moment_key
        return Range(field.column, keys(low) if low else None, keys(high) if high else None)

    def _mistake(self, message: str, hint: str, value: Value | None = None) -> InvalidQuery:
        position = self.term.position if value is None else value.position
        return InvalidQuery(message, where=self.where, position=position, hint=hint)


def _any_filled(columns: tuple[str, ...]) -> Node:
    filled = tuple(Filled(column) for column in columns)
    return filled[0] if len(filled) == 1 else Either(filled)


def _day_key(moment: datetime) -> str:
    return moment.date().isoformat()


def _moment_key(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")

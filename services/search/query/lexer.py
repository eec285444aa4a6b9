"""Cutting what somebody typed into terms: words, quoted phrases, ``field:value``, each perhaps with a minus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from services.search.query.errors import InvalidQuery

_SEPARATORS = "\\s,、。"
_SEPARATOR = re.compile(f"[{_SEPARATORS}]+")
_PLAIN = re.compile(f"[^{_SEPARATORS}]+")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,39})(\s*)(:|!=|<>|>=|<=|==|[><=\uff1a\u2260\u2264\u2265])")
# What is written for an operator, too; the unequal ones say not.
_SAME = {"==": "=", "\uff1a": ":", "\u2264": "<=", "\u2265": ">=", "!=": "=", "<>": "=", "\u2260": "="}
_UNEQUAL = frozenset(("!=", "<>", "\u2260"))
# An operator without a field: alone, or before what is compared. Before letters it is text: <anna@example.com>.
_LONE = re.compile(r"(?:(?=[^<>=]*[<>=])[!<>=:]+|[<>=]=?\d\S*)\Z")
_OPENED = re.compile(r"-?[(\[{]+")
_QUOTES = {'"': '"', "“": "”"}


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind a field, or alone."""

    text: str
    position: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Term:
    """One term. Without ``field`` it has one value; ``operator`` is ``:`` or a comparison."""

    position: int
    values: tuple[Value, ...]
    negated: bool = False
    field: str = ""
    operator: str = ""

    @property
    def is_plain(self) -> bool:
        """A bare word, which may belong together with its neighbors."""
        return not self.field and not self.negated and not self.values[0].quoted


class IsField(Protocol):
    """Whether a name before an operator begins a condition, or is text; ``spaced``: a space is between them."""

    def __call__(self, name: str, operator: str, rest: str, *, spaced: bool) -> bool: ...


def terms(typed: str, *, where: str, is_field: IsField) -> Iterator[Term]:
    """The terms of ``typed``. The value of a condition behind which nothing stands is empty.

    Raises InvalidQuery for quotes that aren't closed or have nothing in them, operators without a field, and
    parentheses around conditions.
    """
    scanner = _Scanner(typed, where, is_field)
    while scanner.skip_separators():
        start = scanner.position
        negated = scanner.take_minus()
        if found := scanner.take_field():
            name, operator = found
            values = scanner.take_values()
            yield Term(start, values, negated is not (operator in _UNEQUAL), name, _SAME.get(operator, operator))
        else:
            value = scanner.take_value()
            scanner.refuse_what_means_nothing(value)
            yield Term(start, (value,), negated)


class _Scanner:
    def __init__(self, typed: str, where: str, is_field: IsField) -> None:
        self.typed = typed
        self.position = 0
        self._where = where
        self._is_field = is_field

    def skip_separators(self) -> bool:
        """Whether anything is left behind them."""
        if found := _SEPARATOR.match(self.typed, self.position):
            self.position = found.end()
        return self.position < len(self.typed)

    def take_minus(self) -> bool:
        """A minus right before a word, a quote or a field says not."""
        following = self.typed[self.position + 1 : self.position + 2]
        is_minus = self.typed[self.position] == "-" and (following.isalnum() or following in ('"', "“", "_"))
        if is_minus and following:
            self.position += 1
            return True
        return False

    def take_field(self) -> tuple[str, str] | None:
        """A field and its operator as typed, if a condition begins here. Spaces around the operator are fine."""
        found = self._field_at(self.position)
        if found is None:
            return None
        self.position = found.end()
        behind = len(self.typed) - len(self.typed[self.position :].lstrip())
        if behind < len(self.typed) and self._field_at(behind) is None:
            self.position = behind
        return found[1].lower(), found[3]

    def _field_at(self, position: int) -> re.Match[str] | None:
        found = _FIELD.match(self.typed, position)
        if found and self._is_field(found[1], found[3], self.typed[found.end() :], spaced=bool(found[2])):
            return found
        return None

    def take_values(self) -> tuple[Value, ...]:
        """The values of a condition, separated by commas; an empty one that isn't quoted if there is none."""
        values = [self.take_value()]
        while self._follows_another():
            self.position += 1
            values.append(self.take_value())
        return tuple(values)

    def refuse_what_means_nothing(self, value: Value) -> None:
        """Raises InvalidQuery where a free word is a mistake for certain."""
        if value.quoted and not value.text.strip():
            hint = 'Put words between them, or leave them out. Who has no phone is found by phone:"".'
            raise self._mistake("Nothing stands between these quotes.", value.position, hint)
        if not value.quoted and _LONE.match(value.text):
            hint = f'Name it, such as last_login<30d; or to search for it as it is, put it in quotes: "{value.text}".'
            raise self._mistake(f"Before {value.text[:40]} no field says what to compare.", value.position, hint)
        opened = None if value.quoted else _OPENED.match(value.text)
        if opened and self._field_at(value.position + opened.end()):
            hint = "Leave them out. OR joins only its two neighbors: city:Berlin OR city:Paris last_login<30d."
            raise self._mistake("There are no parentheses.", value.position, hint)

    def _mistake(self, message: str, position: int, hint: str) -> InvalidQuery:
        return InvalidQuery(message, where=self._where, position=position, hint=hint)

    def _follows_another(self) -> bool:
        following = self.typed[self.position + 1 : self.position + 2]
        return self.typed[self.position : self.position + 1] == "," and bool(following) and not _is_separator(following)

    def take_value(self) -> Value:
        start = self.position
        opening = self.typed[start : start + 1]
        if opening in _QUOTES and opening:
            end = self.typed.find(_QUOTES[opening], start + 1)
            if end >= 0:
                self.position = end + 1
                return Value(self.typed[start + 1 : end], start, quoted=True)
            if opening == '"':
                hint = 'Put a second " behind the words that belong together, or leave this one out.'
                raise self._mistake("This quote is not closed.", start, hint)
        found = _PLAIN.match(self.typed, start)
        self.position = found.end() if found else start
        return Value(self.typed[start : self.position], start, quoted=False)


def _is_separator(character: str) -> bool:
    return bool(_SEPARATOR.match(character))

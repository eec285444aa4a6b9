"""Cutting what somebody typed into terms: words, quoted phrases, ``field:value``, each perhaps with a minus."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.search.query.errors import InvalidQuery

_SEPARATORS = "\\s,、。"
_SEPARATOR = re.compile(f"[{_SEPARATORS}]+")
_PLAIN = re.compile(f"[^{_SEPARATORS}]+")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,39})(:|>=|<=|>|<|=)")
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


def terms(typed: str, *, where: str, is_field: Callable[[str, str, str], bool]) -> Iterator[Term]:
    """The terms of ``typed``. ``is_field(name, operator, rest)`` says whether ``name`` begins a condition or is text.

    Raises InvalidQuery for a quote that isn't closed and a condition without a value.
    """
    scanner = _Scanner(typed, where)
    while scanner.skip_separators():
        start = scanner.position
        negated = scanner.take_minus()
        found = _FIELD.match(typed, scanner.position)
        if found and is_field(found[1], found[2], typed[found.end() :]):
            scanner.position = found.end()
            yield Term(start, scanner.take_values(found[0]), negated, found[1].lower(), found[2])
        else:
            value = scanner.take_value()
            if value.text.strip() or not value.quoted:
                yield Term(start, (value,), negated)


class _Scanner:
    def __init__(self, typed: str, where: str) -> None:
        self.typed = typed
        self.position = 0
        self._where = where

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

    def take_values(self, condition: str) -> tuple[Value, ...]:
        values = [self.take_value()]
        while self._follows_another():
            self.position += 1
            values.append(self.take_value())
        if any(not value.text and not value.quoted for value in values):
            raise InvalidQuery(
                f"Nothing stands behind {condition}",
                where=self._where,
                position=values[0].position,
                hint=f'Write a value right behind it, such as {condition}2026-01-01 or {condition}"two words".',
            )
        return tuple(values)

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
                raise InvalidQuery(
                    "This quote is not closed.",
                    where=self._where,
                    position=start,
                    hint='Put a second " behind the words that belong together, or leave this one out.',
                )
        found = _PLAIN.match(self.typed, start)
        self.position = found.end() if found else start
        return Value(self.typed[start : self.position], start, quoted=False)


def _is_separator(character: str) -> bool:
    return bool(_SEPARATOR.match(character))

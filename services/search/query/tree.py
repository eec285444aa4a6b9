"""What a search asks for, as typed values: the engines build their queries from it and never see what was typed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A typed word: a customer matches when any of ``forms`` matches one of its tokens.

    ``typed`` is what somebody typed, for explaining hits. Without forms (no letter, no digit) it matches nobody.
    ``attribute`` limits it to one attribute, by name; ``None`` means all.
    """

    typed: str
    forms: tuple[str, ...]
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """All words must match. No words: every customer."""

    words: tuple[Word, ...] = ()

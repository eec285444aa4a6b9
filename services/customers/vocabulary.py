"""Codes that a customer's data may use: countries (ISO 3166-1), currencies (ISO 4217), languages (BCP 47)."""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}\Z")
_NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Two-letter codes of countries and territories."""
    territories = map(str, Locale("en").territories)
    return frozenset(code for code in territories if re.match(r"[A-Z]{2}\Z", code)) - _NOT_COUNTRIES


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Three-letter codes of currencies, past ones included: an old account may have one."""
    return frozenset(list_currencies())


@lru_cache(maxsize=2000)
def language_tag(text: str) -> str | None:
    """A language tag in its usual form (``pt_br`` is ``pt-BR``); None if there is no such language."""
    if not _LANGUAGE.match(text):
        return None
    try:
        locale = Locale.parse(text.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    if locale is None:
        return None
    parts = [locale.language, locale.script, locale.territory]
    return "-".join(part for part in parts if part)

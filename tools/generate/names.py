"""``names.json`` of the search service: countries, currencies and months by their names in many languages.

From Unicode's CLDR as Babel ships it; a file, because Babel takes 100 MB to read it all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies

from services.customers.vocabulary import countries

_LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "hu", "ro", "hr", "sl", "sv", "da", "nb", "fi")
_OTHERS = ("et", "lv", "lt", "tr", "vi", "id", "ms", "bg", "sr", "ru", "uk", "el", "ar", "fa", "he", "hi", "bn", "ta")
_LOCALES = (*_LATIN, *_OTHERS, "th", "ja", "ko", "zh", "zh_Hant")
# What people say, and no list of names has.
_ALSO_CALLED = {
    "GB": ("UK", "England", "Scotland", "Wales", "Britain"),
    "US": ("America",),
    "NL": ("Holland",),
    "AE": ("UAE",),
    "CI": ("Ivory Coast",),
    "TR": ("Turkey",),
    "SZ": ("Swaziland",),
    "MM": ("Burma",),
    "CV": ("Cape Verde",),
}


def names_file() -> str:
    """The file's content: a line for each code, so that changes can be read."""
    parts = {"countries": _countries(), "currencies": _currencies(), "months": _months()}
    sections = (f"{json.dumps(name)}: {{\n{_lines(found)}\n}}" for name, found in parts.items())
    return "{" + ",\n".join(sections) + "}\n"


def _lines(found: dict[str, set[str]]) -> str:
    return ",\n".join(
        f"{json.dumps(key)}: {json.dumps(sorted(found[key]), ensure_ascii=False)}" for key in sorted(found)
    )


def _countries() -> dict[str, set[str]]:
    """ISO 3166-1; the codes of three letters are names, too."""
    found = {code: {code, *_ALSO_CALLED.get(code, ())} for code in countries()}
    for alias, stands_for in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(stands_for) == 1 and stands_for[0] in found:
            found[stands_for[0]].add(alias)
    for code, names in found.items():
        for locale in (*map(Locale.parse, _LOCALES), *_official(code)):
            own = locale.territories
            names |= {own[key] for key in (code, f"{code}-alt-short", f"{code}-alt-variant") if key in own}
    return found


def _currencies() -> dict[str, set[str]]:
    """ISO 4217, those that are tender somewhere."""
    codes = {code for country in countries() for code in get_territory_currencies(country) or ()}
    locales = [Locale.parse(name) for name in _LOCALES]
    return {code: {code, *(own.currencies[code] for own in locales if code in own.currencies)} for code in codes}


def _months() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {str(number): set() for number in range(1, 13)}
    for name in _LOCALES:
        for context in Locale.parse(name).months.values():
            for width in ("wide", "abbreviated"):
                for number, month in context.get(width, {}).items():
                    found[str(number)].add(month.strip("."))
    return found


def _official(code: str) -> Iterator[Locale]:
    for language in get_official_languages(code, de_facto=True):
        try:
            yield Locale.parse(language)
        except UnknownLocaleError:
            continue

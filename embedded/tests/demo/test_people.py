"""Made-up customers: the same everywhere, each of them valid, no two alike."""

from __future__ import annotations

import hashlib
import json
import re
import tracemalloc
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.people import AS_OF, DemoCustomer, customer, customers
from services.customers.schemas import CreateCustomer, RecordLogin

SNAPSHOT = Path(__file__).parent / "first_customers.jsonl"
# Of 20,000 customers of seed 7. If it changes, everybody's demo data do: say so in the change log.
DIGEST = "37fce493f1a15546153764bd5e3aa78befab45cad951639c4677ce7d487842d2"
LANGUAGES = 27
SCRIPTS = {
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "ARABIC",
    "HEBREW",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "THAI",
    "DEVANAGARI",
}


def as_json(person: DemoCustomer) -> str:
    return json.dumps({**person.body(), "last_login_at": person.last_login_at}, ensure_ascii=False)


@pytest.fixture(scope="module")
def many() -> list[DemoCustomer]:
    return list(customers(20_000, seed=7))


def test_the_first_are_those_of_the_snapshot() -> None:
    assert [as_json(person) for person in customers(60)] == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_the_data_are_the_same_on_every_machine(many: list[DemoCustomer]) -> None:
    digest = hashlib.sha256()
    for person in many:
        digest.update(as_json(person).encode())
    assert digest.hexdigest() == DIGEST


def test_the_first_hundred_have_somebody_for_each_search_that_the_readme_tries() -> None:
    first = list(customers(100))
    assert [person for person in first if person.first_name == "Anna"]
    assert [person for person in first if person.last_name == "Müller"]
    assert [person for person in first if person.state == "東京都"]
    assert len({person.language for person in first}) > 20


def test_each_is_known_by_seed_and_number_alone(many: list[DemoCustomer]) -> None:
    assert [customer(7, number) for number in (20_000, 1, 777)] == [many[19_999], many[0], many[776]]
    assert next(customers(5, seed=7, first=20_000)) == many[19_999]
    assert customer(8, 1) != customer(7, 1)


def test_only_moments_depend_on_the_day() -> None:
    then = datetime(2020, 5, 4, tzinfo=UTC)
    for now, earlier in zip(customers(300), customers(300, as_of=then), strict=True):
        assert now._replace(registered_at="", last_login_at="") == earlier._replace(registered_at="", last_login_at="")


def test_the_api_takes_each_as_it_is(many: list[DemoCustomer]) -> None:
    schema, login = CreateCustomer(), RecordLogin()
    for person in islice(many, 6_000):
        body = person.body()
        loaded = schema.load(body)
        told: dict[str, Any] = {**loaded, "registered_at": body["registered_at"]}
        told["birthdate"] = loaded["birthdate"].isoformat() if "birthdate" in loaded else None
        # Nothing is normalized, cut or trimmed: what is imported again is no change.
        assert {name: value for name, value in told.items() if value} == body
        if person.last_login_at:
            login.load({"at": person.last_login_at})


def test_emails_and_ids_are_unique() -> None:
    seen: dict[str, set[str | None]] = {"email": set(), "external_id": set(), "store_id": set()}
    stores = 0
    for person in customers(200_000):
        stores += person.store_id is not None
        for name, values in seen.items():
            values.add(str(getattr(person, name)).casefold())
    assert (len(seen["email"]), len(seen["external_id"])) == (200_000, 200_000)
    assert len(seen["store_id"]) == stores + 1


def test_no_mail_to_them_arrives(many: list[DemoCustomer]) -> None:
    domains = Counter(person.email.partition("@")[2] for person in many)
    assert all(re.search(r"(^example\.(com|net|org)|\.example)$", domain) for domain in domains)
    assert len(domains) > 30


def test_they_speak_many_languages_in_many_scripts(many: list[DemoCustomer]) -> None:
    assert len({person.language.partition("-")[0] for person in many}) >= LANGUAGES
    assert len({person.country for person in many}) >= 35
    scripts = Counter(
        unicodedata.name(letter).partition(" ")[0]
        for person in many
        for letter in f"{person.first_name}{person.last_name}{person.city or ''}"
        if letter.isalpha()
    )
    assert {script for script in SCRIPTS if scripts[script] >= 10} == SCRIPTS


def test_names_are_as_frequent_as_in_life(many: list[DemoCustomer]) -> None:
    germans = Counter(person.last_name for person in customers(60_000) if person.country == "DE")
    assert {"Müller", "Schmidt", "Schneider"} & {name for name, _ in germans.most_common(8)}
    assert germans["Müller"] > 3 * germans.total() / len(germans)
    assert len(germans) > 400
    pairs = Counter((person.first_name, person.last_name) for person in many)
    assert len(pairs) > 0.9 * len(many)
    assert pairs.most_common(1)[0][1] < len(many) / 1000


@pytest.mark.parametrize(
    "kind", ["Mc[A-Z]", "O'[A-Z]", "ß", "ø", "ł", "ğ", "-[A-Z]", "(?i)^(van|de|von|di) ", "[Ññ]", "ё|Ё", "ό"]
)
def test_there_are_names_that_systems_get_wrong(many: list[DemoCustomer], kind: str) -> None:
    assert sum(bool(re.search(kind, f"{person.last_name}|{person.first_name}")) for person in many) >= 3


def test_emails_fit_the_names(many: list[DemoCustomer]) -> None:
    for person in many:
        local = person.email.partition("@")[0]
        assert re.fullmatch(r"[A-Za-z]+([._]?[A-Za-z]+)*\d+", local), person
    german = next(person for person in customers(5_000) if person.last_name == "Müller")
    assert "mueller" in german.email.lower() or german.first_name.lower()[:3] in german.email.lower()
    assert {person.email.split("@")[0].strip("0123456789") for person in many if person.last_name == "佐藤"} & {
        f"{first}.sato" for first in ("kazuko", "hiroshi", "makoto", "yoko", "takashi", "keiko", "sachiko", "isamu")
    }


def test_they_are_adults_with_accounts_of_the_last_years(many: list[DemoCustomer]) -> None:
    for person in many:
        if person.birthdate:
            assert 18 <= (AS_OF.date() - date.fromisoformat(person.birthdate)).days / 365.25 < 92
        assert "2016-12-31" < person.registered_at < "2026-01-01T00:00:01"
        assert person.last_login_at is None or person.registered_at <= person.last_login_at <= "2026-01-01T00:00:00Z"


def test_what_is_known_of_them_varies(many: list[DemoCustomer]) -> None:
    def percent(name: str) -> float:
        return 100 * sum(bool(getattr(person, name)) for person in many) / len(many)

    assert 60 < percent("phone") < 72
    assert 66 < percent("birthdate") < 78
    assert 85 < percent("line1") < 91
    assert 8 < percent("company") < 14
    assert 78 < percent("last_login_at") < 84
    assert 30 < percent("attributes") < 40
    assert 9 < percent("store_id") < 15


def test_memory_does_not_grow_with_the_count() -> None:
    for _ in customers(40_000):
        pass
    tracemalloc.start()
    try:
        for _ in customers(20_000, first=40_001):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000

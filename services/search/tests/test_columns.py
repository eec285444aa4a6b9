"""What customers are sorted by."""

from __future__ import annotations

import pytest

from services.search.columns import BY_COLUMN, COLUMNS, keys_of, number_key, number_of


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("2026-03-12T09:30:00.000000Z", "2026-03-12T09:30:00.000000Z"),
        ("2026-03-12T09:30:00Z", "2026-03-12T09:30:00.000000Z"),
        ("2026-03-12T10:30:00+01:00", "2026-03-12T09:30:00.000000Z"),
        ("yesterday", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_moments_have_one_form_and_what_is_none_counts_as_empty(value: object, key: str | None) -> None:
    assert BY_COLUMN["registered_at"].key({"registered_at": value}) == key


def test_days_that_are_none_count_as_empty() -> None:
    assert BY_COLUMN["birthdate"].key({"birthdate": "1985-02-30"}) is None
    assert BY_COLUMN["birthdate"].key({"birthdate": "1985-03-12"}) == "1985-03-12"


def test_texts_are_sorted_without_case_and_accents() -> None:
    names = ["Zola", "ångström", "Müller", "muller", "Ąbel"]
    assert sorted(names, key=lambda name: BY_COLUMN["last_name"].key({"last_name": name}) or "") == [
        "Ąbel",
        "ångström",
        "Müller",
        "muller",
        "Zola",
    ]


def test_numbers_are_in_the_order_of_keys() -> None:
    days = ["0001-01-01", "1969-12-31", "1985-03-12", "9999-12-31"]
    numbers = [number_of(BY_COLUMN["birthdate"], day) for day in days]
    assert numbers == sorted(set(numbers))
    moments = [f"{day}T00:00:00.{micro:06}Z" for day in days for micro in (0, 1)]
    numbers = [number_of(BY_COLUMN["registered_at"], moment) for moment in moments]
    assert numbers == sorted(set(numbers))


def test_numbers_of_columns_never_change() -> None:
    """They are places in rows that are there already: only additions are fine."""
    assert [(column.number, column.name) for column in COLUMNS[:5]] == [
        (1, "email"),
        (2, "first_name"),
        (3, "last_name"),
        (4, "company"),
        (5, "country"),
    ]
    assert len({column.number for column in COLUMNS}) == len(COLUMNS)


def test_nothing_known_has_no_keys_but_counts() -> None:
    assert {name: number_of(BY_COLUMN[name], key) for name, key in keys_of({}).items()} == {
        "transactions_count": 0,
        "active_subscriptions": 0,
        "notes_count": 0,
    }
    assert keys_of({"address": None, "external_ids": None, "email": "", "first_name": "\u200b"}) == keys_of({})


def test_amounts_are_compared_by_the_customers_own_currency_else_the_largest() -> None:
    def key(currency: str | None, *amounts: tuple[int, str]) -> int | None:
        lifetime = [{"amount_minor": amount, "currency": code} for amount, code in amounts]
        found = BY_COLUMN["lifetime_value"].key({"currency": currency, "lifetime_value": lifetime})
        return None if found is None else number_of(BY_COLUMN["lifetime_value"], found)

    assert key("EUR", (1299, "EUR"), (500_000, "JPY")) == 12_990
    assert key(None, (1299, "EUR"), (500, "JPY")) == 500_000
    assert key("USD", (1299, "EUR"), (1299, "CHF")) == 12_990
    assert key("KWD", (1234, "KWD")) == 1_234
    assert key("CLF", (12345, "CLF")) == 1_234
    assert key("JPY", (-5, "JPY")) == -5_000
    assert key("JPY", (10**18, "JPY")) == 9 * 10**18
    assert key("EUR") is None


def test_keys_of_numbers_are_in_their_order() -> None:
    numbers = [-9 * 10**18, -1, 0, 1, 9, 10, 11, 99, 100, 9 * 10**18]
    keys = [number_key(number) for number in numbers]
    assert keys == sorted(keys)
    assert [number_of(BY_COLUMN["transactions_count"], key) for key in keys] == numbers

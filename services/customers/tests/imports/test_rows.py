"""Cells become values by the API's own rules, and what is wrong is told with its column."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from servicekit.imports.layout import lay_out, wishes_of
from servicekit.imports.records import Record
from services.customers.imports.headings import VOCABULARY
from services.customers.imports.rows import Row, RowReader


def cells(headings: str, row: str, *constants: str, mapping: tuple[str, ...] = ()) -> Row:
    names = headings.split(",")
    reader = RowReader(lay_out(VOCABULARY, names, wishes_of(VOCABULARY, mapping, constants)))
    return reader.read(Record(2, row.split(","), 0))


def from_object(content: dict[str, Any], *mapping: str) -> Row:
    reader = RowReader(lay_out(VOCABULARY, list(content), wishes_of(VOCABULARY, mapping, []), nested=True))
    return reader.read(Record(1, content, 0))


def faults(row: Row) -> list[tuple[str, str]]:
    return [(fault.column, fault.reason) for fault in row.faults]


@pytest.mark.parametrize(
    ("heading", "cell", "reason"),
    [
        ("Email*", "nobody", "Not a valid email address"),
        ("Email*", "a@" + "x" * 300, "Longer than 254 characters."),
        ("birthdate", "2999-01-01", "Not between 1880-01-01 and today."),
        ("birthdate", "31.12.1999", "Not a date such as 1985-03-12."),
        ("country", "Atlantis", "Not a country's two-letter code"),
        ("currency", "Taler", "Not a currency's"),
        ("language", "xx", "Not a language tag"),
        ("phone", "call me", "Not a telephone number"),
        ("city", "x" * 101, "Longer than 100 characters."),
        ("city", "a\x00b", "control character"),
        ("city", "a\u202eb", "control character"),
        ("registered_at", "2999-01-01 00:00", "In the future."),
        ("registered_at", "01/02/2024", "Not a time such as"),
        ("registered_at", "2024-02-30", "Not a time in RFC 3339"),
        ("last_login_at", "1900-01-01", "Before 1970."),
        ("external_id", "x" * 201, "Longer than 200 characters."),
        ("attributes.note", "x" * 501, "longer than 500 characters"),
    ],
)
def test_reasons_are_the_apis_and_name_the_files_column(heading: str, cell: str, reason: str) -> None:
    row = cells(f"{heading},line2", f"{cell},x")
    ((column, told),) = faults(row)
    assert column in (heading, "attributes")
    assert reason in told


def test_everything_wrong_is_told_at_once() -> None:
    row = cells("email,country,birthdate,city", "nobody,XX,2999-01-01,Berlin")
    assert [column for column, _ in faults(row)] == ["email", "country", "birthdate"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-01-31 12:34", "2023-01-31T12:34:00+00:00"),
        ("2023-01-31 2:34", "2023-01-31T02:34:00+00:00"),
        ("2023-01-31 12:34:56", "2023-01-31T12:34:56+00:00"),
        ("2023-01-31T12:34:56.5Z", "2023-01-31T12:34:56.500000+00:00"),
        ("2023-01-31 12:34:56 UTC", "2023-01-31T12:34:56+00:00"),
        ("2023-01-31T12:34:56+02:00", "2023-01-31T10:34:56+00:00"),
        ("2023-01-31", "2023-01-31T00:00:00+00:00"),
        ("1675168440", "2023-01-31T12:34:00+00:00"),
        ("1675168440000", "2023-01-31T12:34:00+00:00"),
    ],
)
def test_times_as_exports_write_them(text: str, moment: str) -> None:
    assert cells("registered_at,email", f"{text},a@example.com").moments["registered_at"].isoformat() == moment


def test_a_birthdate_with_a_midnight() -> None:
    assert cells("birthdate", "1985-03-12 00:00:00").values["birthdate"].isoformat() == "1985-03-12"


def test_codes_are_read_tolerantly() -> None:
    row = cells("Country Code*,Currency*,Locale*", " germany ,usd,en_US")
    assert row.values == {"country": "DE", "currency": "USD", "language": "en-US"}


def test_one_country_is_the_addresss_too_where_there_is_an_address() -> None:
    assert cells("city,country", "Berlin,DE").address == {"city": "Berlin", "country": "DE"}
    assert cells("city,country", ",DE").address == {}
    row = cells("city,country,address_country", "Wien,DE,AT")
    assert (row.values["country"], row.address["country"]) == ("DE", "AT")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna Maria Müller", ("Anna Maria", "Müller")),
        ("Müller; Anna".replace(";", ","), ("Anna", "Müller")),
        ("Prince", (None, "Prince")),
        ("山田太郎", (None, "山田太郎")),
    ],
)
def test_a_whole_name_is_parted(name: str, expected: tuple[str | None, str]) -> None:
    row = from_object({"name": name, "email": "a@example.com"})
    assert (row.values.get("first_name"), row.values["last_name"]) == expected


def test_constants_fill_what_is_not_said() -> None:
    assert cells("email,country", "a@example.com,", "country=DE").values["country"] == "DE"
    assert cells("email,country", "a@example.com,FR", "country=DE").values["country"] == "FR"


def test_external_ids_of_several_sources() -> None:
    row = cells("external_id,external_id_source,CRM", "7,erp,c-9", mapping=("CRM=external_ids.crm",))
    assert row.pairs == [("erp", "7"), ("crm", "c-9")]
    assert cells("external_id,external_id_source", "7,").pairs == [("publisher", "7")]
    assert faults(cells("external_id,external_id_source", "7,E R P"))[0][1].startswith("1 to 64 of a-z")


def test_the_quote_that_spreadsheets_put_before_a_formula_is_taken_away() -> None:
    assert cells("phone,last_name", "'+49 30 123456,'t Hooft").values == {
        "phone": "+49 30 123456", "last_name": "'t Hooft"
    }  # fmt: skip


def test_an_object_as_the_api_has_it() -> None:
    row = from_object(
        {
            "email": "a@example.com",
            "address": {"city": "Köln", "country": "Germany", "postal_code": 50667, "state": None},
            "external_ids": [{"id": "C-1"}, {"source": "stripe", "id": "cus_1"}],
            "attributes": {"plan": "gold", "score": 1.5, "gone": None},
            "first_name": None,
            "birthdate": "",
        }
    )
    assert row.faults == []
    assert row.address == {"city": "Köln", "country": "DE", "postal_code": "50667"}
    assert row.pairs == [("publisher", "C-1"), ("stripe", "cus_1")]
    assert row.attributes == {"plan": "gold", "score": 1.5}
    assert set(row.values) == {"email"}


def test_a_flat_object_with_numbers() -> None:
    row = from_object({"external_id": 10042, "zip": 1234, "created": 1675168440, "city": "Køge"})
    assert (row.pairs, row.address["postal_code"]) == ([("publisher", "10042")], "1234")
    assert row.moments["registered_at"].year == 2023


@pytest.mark.parametrize(
    ("content", "column", "reason"),
    [
        ({"email": ["a@example.com"]}, "email", "Not a valid string."),
        ({"email": True}, "email", "Not a valid string."),
        ({"email": "a@example.com", "address": 7}, "address", "Not an object"),
        ({"email": "a@example.com", "address": {"town": "x"}}, "address", "town: Unknown field."),
        ({"email": "a@example.com", "external_ids": {"id": "1"}}, "external_ids", "Not a list"),
        ({"email": "a@example.com", "external_ids": [{"source": "x"}]}, "external_ids", "id: Missing data"),
        ({"email": "a@example.com", "attributes": {"a": {"deep": 1}}}, "attributes", "only text, numbers"),
        ({"email": "a@example.com", "E-Mail": "b@example.com"}, "", ""),
    ],
    ids=repr,
)
def test_objects_that_are_not_as_the_api_has_them(content: dict[str, Any], column: str, reason: str) -> None:
    row = from_object(content)
    if not column:
        assert row.values["email"] == "a@example.com"  # the field's own name counts, the other is left out
        return
    assert faults(row)[0][0] == column
    assert reason in faults(row)[0][1]


def test_a_key_that_the_first_objects_did_not_have() -> None:
    reader = RowReader(lay_out(VOCABULARY, ["email"], wishes_of(VOCABULARY, [], []), nested=True))
    assert reader.read(Record(200, {"email": "a@example.com", "City": "Ulm"}, 0)).address == {"city": "Ulm"}
    unknown = reader.read(Record(201, {"email": "a@example.com", "shoe": 7}, 0))
    assert faults(unknown) == [("shoe", "Unknown field.")]


def test_today_is_the_day_that_it_is_when_the_row_is_read() -> None:
    with time_machine.travel("2026-03-12T12:00:00Z", tick=False):
        assert cells("birthdate", "2026-03-12").faults == []
        assert cells("birthdate", "2026-03-13").faults != []

"""What those may search by who don't see personal data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from servicekit.errors import PersonalDataHidden
from services.search.columns import COLUMNS
from services.search.documents import ATTRIBUTES
from services.search.inbound import notes
from services.search.inbound.account import BLANK
from services.search.query.errors import InvalidQuery
from services.search.query.fields import FIELDS, NOT_TELLING
from services.search.query.parse import parse, parse_filter
from services.search.schemas.found import FoundCustomer
from services.search.sections import SHOWN_FIELDS

SHOWN_TO_ALL = {
    "id", "language", "currency", "country", "status", "registered_at", "last_login_at", "anonymized_at", "version",
    *BLANK, *notes.BLANK, "lifetime_currency", "transaction_id",
}  # fmt: skip
NOW = datetime(2026, 11, 30, tzinfo=UTC)
OWN_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        OWN_ID,
        f"id:{OWN_ID}",
        f"user_id:{OWN_ID}",
        f"customer_id:{OWN_ID.upper()}",
        f"-{OWN_ID}",
        f"{OWN_ID} OR country:DE",
        "germany",
        "DE euro",
        '"united states"',
        "-germany",
        "country:DE,AT -currency:EUR",
        "language:de status:active is:active",
        "registered>=2026-01-01 last_login<30d",
        'has:country language:"" registered_at:2025..2026',
        "NOT country:DE AND has:last_login",
    ],
)
def test_what_tells_nothing_is_asked_as_everybody_asks_it(typed: str) -> None:
    parse(typed, now=NOW, personal=False)


@pytest.mark.parametrize(
    ("typed", "position"),
    [
        ("anna", 0),
        ("germany anna", 8),
        ('"anna maria"', 0),
        ("-berlin", 0),
        ("country:DE OR anna", 14),
        ("anna OR country:DE", 0),
        ("cus_06h5", 0),
        ("user_id:C-1", 0),
        (f"user_id:{OWN_ID},C-1", 0),
        ("country:DE email:a@example.com", 11),
        ("-city:Berlin", 0),
        ("city!=Berlin", 0),
        ("zip:10115", 0),
        ("has:phone", 0),
        ("NOT has:address", 0),
        ('phone:""', 0),
        ("birthdate<1980", 0),
        ("born:1980..1989", 0),
        ("external_id:C-1", 0),
        ("OR", 0),
        ("country:DE OR OR anna", 17),
        ("1985-03-12", 0),
        ("+49 30 123456", 0),
        ("...", 0),
    ],
)
def test_what_tells_who_somebody_is_is_refused_at_its_place(typed: str, position: int) -> None:
    with pytest.raises(PersonalDataHidden) as caught:
        parse(typed, now=NOW, personal=False)
    assert caught.value.extensions.get("position") == position
    assert caught.value.errors[0].where == "q"
    assert typed not in f"{caught.value.detail}{caught.value.errors}" or typed in ("OR", "...")


def test_every_field_is_refused_or_free_in_every_form() -> None:
    for name, field in FIELDS.items():
        for typed in (f"{name}:1980-01-01", f"{name}>1980-01-01", f'{name}:""', f"has:{name}"):
            telling = field.name not in NOT_TELLING
            for read in (parse, parse_filter):
                try:
                    read(typed, now=NOW, personal=False)
                except PersonalDataHidden:
                    assert telling
                except InvalidQuery:
                    assert not telling or (typed.startswith("has:") and (name == "id" or field.of_transactions))
                else:
                    assert not telling, typed


def test_one_thing_is_personal_in_the_tables_and_in_the_answer() -> None:
    masked = {name for name, field in FoundCustomer().fields.items() if field.metadata.get("hidden")}
    assert set(SHOWN_FIELDS) - SHOWN_TO_ALL == masked | {"address"}
    assert {column.name for column in COLUMNS if not column.personal} <= SHOWN_TO_ALL
    assert {attribute.name for attribute in ATTRIBUTES if not attribute.personal} <= SHOWN_TO_ALL
    assert set(NOT_TELLING) <= SHOWN_TO_ALL

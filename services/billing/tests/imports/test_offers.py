"""Offers from a file: made, changed by a later one, and left alone by the same."""

from __future__ import annotations

import pytest

from services.billing.tests.conftest import Api
from services.billing.tests.imports.conftest import Imports, counts

FILE = (
    "Offer ID,Name,Type,Price,Currency,VAT rate,Interval,Trial days\n"
    "S1_DE,Premium monthly,subscription,9.99,eur,19%,monthly,14\n"
    "E1,The final,event,3,KWD,,,\n"
    ",Ten days,pass,500,JPY,10,10 days,\n"
)


def test_rows_become_offers_and_change_them(imports: Imports, api: Api) -> None:
    assert counts(imports.run("offers", FILE, name="n")) == (3, 0, 0, 0)
    offers = {offer["name"]: offer for offer in api.ok("GET", "offers")["items"]}
    monthly = offers["Premium monthly"]
    assert monthly["price"] == {"amount_minor": 999, "currency": "EUR"}
    assert (monthly["tax_percent"], monthly["period"]) == ("19", {"unit": "month", "count": 1})
    assert (monthly["trial_days"], monthly["status"]) == (14, "active")
    assert offers["The final"]["price"] == {"amount_minor": 3000, "currency": "KWD"}
    assert offers["Ten days"]["period"] == {"unit": "day", "count": 10}
    assert counts(imports.run("offers", FILE, name="n")) == (0, 0, 3, 0)
    changed = FILE.replace("9.99", "10.99").replace("Ten days", "Eleven days")
    dry = imports.run("offers", changed, name="n", dry_run="true")
    assert counts(dry) == (0, 2, 1, 0)
    assert {offer["name"]: offer["version"] for offer in api.ok("GET", "offers")["items"]} == dict.fromkeys(offers, 1)
    assert counts(imports.run("offers", changed, name="n")) == (0, 2, 1, 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("X,X,subscription,9.99,EUR,19,,", "needs a period"),
        ("X,X,single,9.999,EUR,19,,", "at most 2 decimals"),
        ("X,X,single,9.99,EUR,190,,", "percentage"),
        ("X,X,single,9.99,EUR,19,month,", "has no period"),
        ("X,X,single,9.99,EUR,19,,7", "Only a subscription has a trial"),
        ("X,X,cheese,9.99,EUR,19,,", "Not one of subscription"),
        ("X,,single,9.99,EUR,19,,", "Missing"),
        ("X,X,pass,9.99,EUR,19,400 years,", "ten years"),
    ],
)
def test_a_bad_row_costs_itself(imports: Imports, api: Api, row: str, reason: str) -> None:
    job = imports.run("offers", f"{FILE}{row}\n")
    assert counts(job) == (3, 0, 0, 1)
    assert reason in imports.rejects(job)[0][2]
    assert len(api.ok("GET", "offers")["items"]) == 3


def test_two_rows_with_one_id_are_one_offer(imports: Imports, api: Api) -> None:
    file = "external_id,name,price,currency\nB1,Book,5,EUR\nB1,Book,6,EUR\n"
    for options in ({"dry_run": "true"}, {}):
        job = imports.run("offers", file, **options)
        assert counts(job) == (1, 0, 0, 1)
        assert imports.rejects(job)[0][1:] == ("external_id", "The same as in row 2 of this file.")
    assert len(api.ok("GET", "offers")["items"]) == 1

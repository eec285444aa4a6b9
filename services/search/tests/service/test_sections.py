"""Sections of a customer: what other services tell of it, whichever comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from servicekit.ids import new_id
from servicekit.testing.databases import Template
from services.search.comparison import compare
from services.search.inbound.account import account_told
from services.search.inbound.customer import customer_told
from services.search.inbound.reading import Told, UnreadableState
from services.search.projection import doubt_customers, empty_doubted, project_customers
from services.search.sections import ACCOUNT
from services.search.tests.service.rebuilding import made_system
from services.search.tests.service.system import BEGINNING, System, anonymized, publisher, state

BOUGHT: dict[str, Any] = {
    "transactions_count": 4,
    "lifetime_value": [{"amount_minor": 4_797, "currency": "EUR"}, {"amount_minor": 500, "currency": "JPY"}],
    "active_subscriptions": 1,
    "subscription_status": "active",
    "next_payment_at": "2026-03-15T00:00:00.000000Z",
    "next_payment": {"amount_minor": 1_599, "currency": "EUR"},
    "last_payment_method": {"kind": "card", "brand": "visa", "last4": "4242"},
    "first_channel": "web",
    "last_channel": "apple",
    "has_access": True,
}


def account(customer_id: str, version: int = 1, **fields: Any) -> Told:
    return account_told(customer_id, version, {"customer_id": customer_id, "status": "open", **BOUGHT, **fields})


def person(customer_id: str, version: int = 1, **fields: Any) -> Told:
    return customer_told(customer_id, version, state(customer_id, version, **fields))


def take_in(system: System, mine: str, *told: Told) -> int:
    with system.app_database.transaction(mine) as session:
        return project_customers(session, publisher_id=mine, told=told)


def item(system: System, mine: str, **parameters: Any) -> dict[str, Any]:
    response = system.get(mine, **parameters)
    assert response.status_code == 200, response.get_json()
    (found,) = response.get_json()["items"]
    return dict(found)


def test_an_account_may_come_before_its_customer_who_is_found_then(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    assert take_in(system, mine, account(ada)) == 1
    system.index()
    assert system.found(mine, "") == []
    assert system.found(mine, ada) == []
    take_in(system, mine, person(ada, email="ada@example.com", currency="EUR"))
    system.index()
    found = item(system, mine, q="ada@example.com")
    assert (found["transactions_count"], found["has_access"]) == (4, True)
    assert found["lifetime_value"] == BOUGHT["lifetime_value"]
    assert compare(system.app_database, system.engine, mine).equal


def test_a_customer_without_an_account_never_bought_anything(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada))
    system.index()
    found = item(system, mine, q="transactions:0")
    assert (found["transactions_count"], found["lifetime_value"], found["has_access"]) == (0, [], False)
    assert found["last_payment_method"] is None
    assert system.found(mine, "has:transactions") == []


def test_each_section_has_its_own_version(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada, 5, last_name="Lovelace"), account(ada, 2, transactions_count=7))
    assert take_in(system, mine, account(ada, 1, transactions_count=1), person(ada, 4, last_name="Byron")) == 0
    assert take_in(system, mine, account(ada, 3, transactions_count=8), person(ada, 4, last_name="Byron")) == 1
    assert take_in(system, mine, account(ada, 3), person(ada, 6, last_name="King", email="king@example.com")) == 1
    system.index()
    found = item(system, mine, q="King")
    assert (found["version"], found["transactions_count"]) == (6, 8)
    system.engine.down = True
    assert system.found(mine, "king@example.com") == [ada]


def test_what_an_account_says_changes_nothing_about_who_somebody_is(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada, 2, email="ada@example.com"))
    take_in(system, mine, account(ada, 9), person(ada, 1, email="old@example.com"))
    system.engine.down = True
    assert system.found(mine, "ada@example.com") == [ada]
    assert system.found(mine, "old@example.com") == []


def test_an_erased_customers_account_is_gone_for_good(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada), account(ada))
    system.index()
    system.tell(anonymized(mine, ada, 2))
    assert take_in(system, mine, account(ada, 9)) == 0
    system.index()
    assert system.found(mine, "") == []
    with system.app_database.transaction(mine) as session:
        kept = session.execute(
            text("SELECT customer, account FROM search_customer WHERE customer_id = :id"), {"id": ada}
        )
        assert kept.one() == (None, None)
    assert [event.subject for event in system.confirmations()] == [ada]


def test_a_section_is_doubted_by_itself(system: System) -> None:
    mine, ada, bob = publisher(), *sorted(new_id("cus") for _ in range(2))
    take_in(system, mine, *(each(someone) for someone in (ada, bob) for each in (person, account)))
    with system.app_database.transaction(mine) as session:
        doubt_customers(session, publisher_id=mine, customers=[ada, bob], section=ACCOUNT)
    take_in(system, mine, account(ada, 1, transactions_count=2))
    with system.app_database.transaction(mine) as session:
        assert empty_doubted(session, publisher_id=mine, customers=[ada, bob], section=ACCOUNT) == 1
    system.index()
    assert system.found(mine, "transactions:2") == [ada]
    assert system.found(mine, "transactions:0") == [bob]
    system.engine.down = True
    assert system.found(mine, bob) == [bob]


Shop = tuple[System, str, dict[str, str]]


@pytest.fixture(scope="module", params=["postgres", pytest.param("opensearch", marks=pytest.mark.real("OpenSearch"))])
def shop(request: pytest.FixtureRequest, search_template: Template) -> Iterator[Shop]:
    """Three customers: one pays by card, one paid by direct debit, one never bought anything. On each engine."""
    with made_system(search_template, request.param) as made, pytest.MonkeyPatch.context() as patched:
        patched.setattr("services.search.api.clock.now", lambda: BEGINNING)
        yield filled(made)


def filled(system: System) -> Shop:
    mine, ids = publisher(), sorted(new_id("cus") for _ in range(3))
    ada, bob, cy = ids
    past: dict[str, Any] = {
        "subscription_status": "expired",
        "active_subscriptions": 0,
        "next_payment_at": None,
        "next_payment": None,
    }
    debit = {"kind": "sepa_debit", "brand": None, "last4": "3000"}
    take_in(
        system,
        mine,
        *(person(each, currency="EUR") for each in (ada, cy)),
        person(bob, currency="USD"),
        account(ada),
        account(
            bob,
            transactions_count=1,
            lifetime_value=[{"amount_minor": 9_000, "currency": "JPY"}],
            last_payment_method=debit,
            last_channel="web",
            has_access=False,
            **past,
        ),
    )
    system.index()
    return system, mine, dict(zip(ids, ("ada", "bob", "cy"), strict=True))


@pytest.mark.parametrize(
    ("asked", "whom"),
    [
        ("transactions>3", "ada"),
        ("transactions<=3", "bob cy"),
        ("transactions:1..4", "ada bob"),
        ("transactions:0,4", "ada cy"),
        ("-transactions:0", "ada bob"),
        ("has:transactions", "ada bob"),
        ('transactions:""', "cy"),
        ("lifetime_value>100", "bob"),
        ("lifetime_value>=47.97", "ada bob"),
        ("lifetime_value>47.97", "bob"),
        ("lifetime_value:47.97", "ada"),
        ("lifetime_value<100EUR", "ada"),
        ('lifetime_value>"1 yen"', "bob"),
        ("lifetime_value>1€", "ada"),
        ("lifetime_currency:JPY", "bob"),
        ('lifetime_value:""', "cy"),
        ("is:subscribed", "ada"),
        ("-is:subscribed", "bob cy"),
        ("is:expired", "bob"),
        ("subscription:active,expired", "ada bob"),
        ("has:subscription", "ada bob"),
        ("next_payment<7d", "ada"),
        ("next_payment<2d", ""),
        ("next_payment>2d", "ada"),
        ("next_payment>=2026-03-15", "ada"),
        ("has:next_payment", "ada"),
        ('next_payment:""', "bob cy"),
        ("payment_method:visa", "ada"),
        ("payment_method:card", "ada"),
        ('payment_method:"SEPA debit"', "bob"),
        ("payment_method:sepa_debit", "bob"),
        ("-payment_method:visa", "bob cy"),
        ("first_channel:web", "ada bob"),
        ("channel:apple", "ada"),
        ("access:yes", "ada"),
        ("has:access", "ada"),
        ("access:no", "bob cy"),
        ("visa", ""),
        ("4242", ""),
    ],
)
def test_accounts_are_asked_for(shop: Shop, asked: str, whom: str) -> None:
    system, mine, names = shop
    assert _named(names, system.found(mine, asked)) == whom.split()
    if ":" in asked or ">" in asked or "<" in asked:
        assert _named(names, system.found(mine, "", filter=asked)) == whom.split()


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("transactions_count", "cy bob ada"),
        ("-transactions_count", "ada bob cy"),
        ("lifetime_value", "ada bob cy"),
        ("-lifetime_value", "bob ada cy"),
        ("last_payment_method", "bob ada cy"),
        ("-next_payment_at", "ada cy bob"),
        ("has_access", "ada bob cy"),
        ("subscription_status", "ada bob cy"),
    ],
)
def test_accounts_are_sorted_by(shop: Shop, sort: str, expected: str) -> None:
    system, mine, names = shop
    assert [names[each] for each in system.found(mine, "", sort=sort)] == expected.split()


def _named(names: dict[str, str], found: Iterable[str]) -> list[str]:
    return sorted(names[each] for each in found)


def test_a_write_of_the_account_is_waited_for(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada), account(ada, 3))
    system.index()
    take_in(system, mine, account(ada, 4, transactions_count=9))
    answer = system.get(mine, q="transactions:9", version_token=f"{ada}.billing.4", wait_ms=0).get_json()
    assert (answer["version_token_satisfied"], [each["id"] for each in answer["items"]]) == (True, [ada])
    answer = system.get(mine, q="", version_token=f"{ada}.billing.5", wait_ms=0).get_json()
    assert answer["version_token_satisfied"] is False
    assert system.get(mine, q="", version_token=f"{ada}.customers.1").status_code == 422
    assert system.get(mine, q="", version_token=f"{ada}.weather.1").status_code == 422


def test_the_last_digits_of_a_card_are_hidden_where_personal_data_is(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada), account(ada))
    system.index()
    answer = system.get(mine, scopes=("search:read",), q="payment_method:visa", sort="lifetime_value").get_json()
    (found,) = answer["items"]
    assert found["last_payment_method"] == {"kind": "card", "brand": "visa", "last4": None, "masked": ["last4"]}
    assert (found["transactions_count"], found["lifetime_value"]) == (4, BOUGHT["lifetime_value"])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"customer_id": "cus_2"},
        {"customer_id": "cus_1", "transactions_count": "4"},
        {"customer_id": "cus_1", "transactions_count": True},
        {"customer_id": "cus_1", "has_access": 1},
        {"customer_id": "cus_1", "lifetime_value": [{"amount_minor": 1.5, "currency": "EUR"}]},
        {"customer_id": "cus_1", "lifetime_value": ["4"]},
        {"customer_id": "cus_1", "last_payment_method": {"kind": 5}},
        {"customer_id": "cus_1", "next_payment": {"amount_minor": 5}},
    ],
)
def test_an_account_of_another_form_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableState):
        account_told("cus_1", 1, data)

"""A shop's real purchases, imported as their owner would: equal to the file to the cent, also the second time."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from servicekit.ids import new_id
from tests.e2e.commands import Command
from tests.e2e.serving import PATIENCE, Server, served
from tests.e2e.system import Api, System

PURCHASES = Path(__file__).parent / "data" / "cdnow_purchases.csv"
EVERY = 97


@pytest.fixture(scope="module")
def server(system: System) -> Iterator[Server]:
    with served(system) as running:
        yield running


@pytest.fixture
def command(server: Server, api: Api) -> Command:
    return Command(server, api)


def _purchases() -> list[dict[str, str]]:
    with PURCHASES.open(newline="") as file:
        return list(csv.DictReader(file))


def _email(customer_id: str) -> str:
    return f"{customer_id}@example.com"


def _cents(row: Mapping[str, str]) -> int:
    return int(Decimal(row["amount_usd"]) * 100)


def _write(path: Path, rows: list[Mapping[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _expected(purchases: list[dict[str, str]]) -> dict[str, tuple[int, int]]:
    """Number and sum in cents of each customer's purchases, by email address."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in purchases:
        count, total = found[_email(row["customer_id"])]
        found[_email(row["customer_id"])] = (count + 1, total + _cents(row))
    return found


def _accounts(api: Api) -> dict[str, tuple[int, int]]:
    """Number and sum of each customer's transactions by billing's account, by email address."""
    found, cursor = {}, None
    while True:
        page = api.get("/v1/customers", limit=200, **({"cursor": cursor} if cursor else {}))
        for customer in page["items"]:
            account = api.get(f"/v1/billing/customers/{customer['id']}/account")
            total = sum(value["amount_minor"] for value in account["lifetime_value"])
            assert {value["currency"] for value in account["lifetime_value"]} <= {"USD"}
            found[customer["email"]] = (account["transactions_count"], total)
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.slow
def test_a_shops_real_purchases_are_there_to_the_cent(
    system: System, api: Api, command: Command, tmp_path: Path
) -> None:
    purchases = _purchases()
    people = [{"email": _email(customer_id)} for customer_id in dict.fromkeys(row["customer_id"] for row in purchases)]
    code, said, shown = command.run("customers", _write(tmp_path / "people.csv", [*people]))
    assert (code, f"{len(people)} created" in said) == (0, True), shown
    system.drain()
    rows = [{**row, "customer_id": _email(row["customer_id"])} for row in purchases]
    file = _write(tmp_path / "purchases.csv", [*rows])
    arguments = ("transactions", file, "--set", "currency=USD", "--map", "customer_id=customer_email", "--map",
                 "amount_usd=amount", "--map", "quantity=", "--name", "cdnow")  # fmt: skip

    code, said, shown = command.run(*arguments)

    assert (code, said) == (
        0,
        f"{len(rows)} of {len(rows)} rows: {len(rows)} created, 0 updated, 0 unchanged, 0 rejected.\n",
    ), shown
    system.drain()
    expected = _expected(purchases)
    assert sum(total for _, total in expected.values()) == sum(
        int(Decimal(row["amount_usd"]) * 100) for row in purchases
    )
    assert _accounts(api) == expected
    system.assert_index_is_right(api.publisher_id)

    code, said, shown = command.run(*arguments)
    assert (code, f"0 created, 0 updated, {len(rows)} unchanged" in said) == (0, True), shown
    system.drain()
    assert _accounts(api) == expected
    for email in list(expected)[::EVERY]:
        _assert_listed(api, email, [row for row in purchases if _email(row["customer_id"]) == email])


def _assert_listed(api: Api, email: str, purchases: list[dict[str, str]]) -> None:
    (customer,) = api.get("/v1/customers", email=email)["items"]
    page = api.get("/v1/billing/transactions", customer_id=customer["id"], sort="created_at", limit=200)
    told = [(each["created_at"][:10], each["amount"]["amount_minor"]) for each in page["items"]]
    assert sorted(told) == sorted((row["date"], _cents(row)) for row in purchases)
    for each in page["items"]:
        assert api.found(each["id"]) == [customer["id"]]


def test_transactions_right_after_their_customers_wait_for_these_to_arrive(
    system: System, api: Api, command: Command, tmp_path: Path
) -> None:
    people = [{"email": f"p{number}@example.com", "external_id": f"C-{number}"} for number in range(300)]
    assert command.run("customers", _write(tmp_path / "people.csv", [*people]))[0] == 0
    rows = [
        {
            "customer_external_id": f"C-{number}",
            "date": "2026-01-02",
            "amount": "5.00",
            "currency": "EUR",
            "order": number,
        }
        for number in range(300)
    ]
    importing = command.start("transactions", _write(tmp_path / "payments.csv", [*rows]))

    def job() -> dict[str, Any]:
        return dict((api.get("/v1/billing/imports")["items"] or [{"awaits": None}])[0])

    deadline = time.monotonic() + PATIENCE
    while job()["awaits"] != "customers":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    system.drain()
    said, shown = importing.communicate(timeout=PATIENCE)
    assert (importing.returncode, "300 created" in said) == (0, True), shown
    assert "Some customers aren't known yet" in shown


def test_offers_and_subscriptions_from_files(system: System, api: Api, command: Command, tmp_path: Path) -> None:
    customer = api.create(email="anna@example.com")
    system.drain()
    offers = [{"Offer ID": "S1_DE", "Name": "Premium", "Price": "9.99", "Currency": "EUR", "Period": "month"}]
    assert command.run("offers", _write(tmp_path / "offers.csv", [*offers]))[0] == 0
    runs = {"User email*": "anna@example.com", "Expiry date*": "2099-01-31", "Status*": "active"}
    rows = [{**runs, "Offer ID*": "S1_DE"}, {**runs, "Offer ID*": "S1_XX"}]
    code, said, shown = command.run("subscriptions", _write(tmp_path / "subscriptions.csv", [*rows]))
    assert (code, said.splitlines()[0]) == (3, "2 of 2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected."), shown
    account = api.get(f"/v1/billing/customers/{customer['id']}/account")
    assert (account["subscription_status"], account["access_until"]) == ("active", "2099-01-31T00:00:00.000000Z")
    assert api.get("/v1/billing/imports", kind="offers")["items"][0]["status"] == "finished"
    assert api.send("GET", f"/v1/billing/imports/{new_id('imp')}").status_code == 404


def test_notes_from_a_file_are_found_named_for_their_authors_and_forgotten(
    system: System, api: Api, command: Command, tmp_path: Path
) -> None:
    anna = api.create(email="anna@example.com", external_ids=[{"source": "publisher", "id": "C-1"}])
    other = api.create(email="other@example.com")
    system.drain()
    owner = api.get("/v1/identity/staff")["items"][0]
    rows = [
        {"Note ID": "N-1", "Customer ID": "C-1", "Text": "Canarynote, line one\nline two", "Author": "K. Okafor",
         "Author email": owner["email"].upper(), "Date": "2024-05-01 09:30", "Flags": "VIP"},
        {"Note ID": "N-2", "Customer ID": other["id"], "Text": "Called.", "Author": "Jo Old"},
        {"Note ID": "N-3", "Customer ID": "C-1", "Text": "Canarylong" + "x" * 2_500},
    ]  # fmt: skip
    rows = [dict.fromkeys(rows[0], "") | row for row in rows]
    arguments = ("notes", _write(tmp_path / "notes.csv", [*rows]), "--rejects", tmp_path / "rejects.csv")
    code, said, shown = command.run(*arguments, "--dry-run")
    assert (code, "2 would be created" in said, "1 would be rejected" in said) == (3, True, True), shown
    assert api.get("/v1/notes", customer_id=anna["id"])["items"] == []

    for created, unchanged in ((2, 0), (0, 2)):
        code, said, shown = command.run(*arguments)
        counts = f"3 of 3 rows: {created} created, 0 updated, {unchanged} unchanged, 1 rejected."
        assert (code, said.splitlines()[0]) == (3, counts), shown
    assert "Canarylong" in (tmp_path / "rejects.csv").read_text()
    system.drain()
    (note,) = api.get("/v1/notes", customer_id=anna["id"])["items"]
    assert (note["text"], note["created_at"]) == ("Canarynote, line one\nline two", "2024-05-01T09:30:00.000000Z")
    assert note["author"] == {"id": owner["id"], "name": "K. Okafor", "kind": "staff"}
    (called,) = api.get("/v1/notes", customer_id=other["id"])["items"]
    assert (called["author"]["name"], called["author"]["kind"]) == ("Jo Old", "import")
    assert api.found("flag:vip") == [anna["id"]]
    assert sorted(api.found("has:note")) == sorted([anna["id"], other["id"]])
    system.assert_index_is_right(api.publisher_id)

    api.anonymize(anna["id"])
    system.drain()
    job = api.get("/v1/notes/imports")["items"][0]
    assert "Canary" not in api.send("GET", f"/v1/notes/imports/{job['id']}/rejects").text
    assert api.get("/v1/notes", customer_id=anna["id"])["items"][0]["text"] is None
    assert api.found("has:note") == [other["id"]]

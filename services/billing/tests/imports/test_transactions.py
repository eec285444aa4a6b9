"""A shop's past: every payment once, counted to the cent, however often the file is imported."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.db.database import Database
from services.billing.tests.conftest import Api, outbox_of
from services.billing.tests.imports.conftest import PATH, Imports, counts

STRIPE = (
    "id,Description,Seller Message,Created date (UTC),Amount,Amount Refunded,Currency,Converted Amount,Fee,Status,"
    "Customer ID,Customer Email,Captured,Card ID,Card Last4,Card Brand,Invoice ID\n"
    "ch_1,Order #17,Payment complete.,2024-03-01 10:00:00,12.99,0.00,eur,12.99,0.59,Paid,cus_S1,anna@example.com,true,"
    "card_1,0042,Visa,in_1\n"
    "ch_2,Order #18,Payment complete.,2024-04-01 10:00:00,20.00,5.50,eur,20.00,0.59,Paid,,ANNA@example.com,true,"
    "card_1,0042,Visa,in_2\n"
    "ch_3,Order #19,Payment complete.,2024-05-01 10:00:00,7.00,7.00,eur,7.00,0.59,Refunded,cus_S1,,true,,,,\n"
    "ch_4,Order #20,declined,2024-06-01 10:00:00,7.00,0.00,eur,7.00,0.00,Failed,cus_S1,,false,,,,\n"
    "ch_5,Order #21,,2024-06-02 10:00:00,7.00,0.00,eur,7.00,0.00,Incomplete,cus_S1,,false,,,,\n"
)


def eur(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


def test_rows_become_transactions_counters_and_events(imports: Imports, system_database: Database) -> None:
    anna = imports.customer("anna@example.com", publisher="C-1")
    job = imports.run(
        "transactions",
        "order_id;customer_external_id;date;total;currency;offer;status;tax rate;channel\n"
        "A-1;C-1;2023-01-31 09:30;11.90;EUR;Premium;paid;19;\n"
        "GPA.1;C-1;2022-01-31;9.99;EUR;Premium;;;google play\n"
        "A-3;C-1;2024-02-29;5;JPY;Single;declined;;\n",
    )
    assert counts(job) == (3, 0, 0, 0), imports.rejects(job)
    old, first, failed = imports.transactions(anna)
    assert (first["amount"], first["tax"], first["status"]) == (eur(1190), eur(190), "succeeded")
    assert (first["created_at"], first["origin"]) == ("2023-01-31T09:30:00.000000Z", "import")
    assert (first["channel"], first["provider"], first["external_order_id"]) == ("web", "other", "A-1")
    assert (old["channel"], old["provider"], old["payment_method"]["kind"]) == ("google", "google", "store")
    assert (failed["status"], failed["amount"]) == ("failed", {"amount_minor": 5, "currency": "JPY"})
    account = imports.api.account(anna)
    assert account["transactions_count"] == 3
    assert account["lifetime_value"] == [eur(2189)]
    assert (account["first_channel"], account["last_channel"]) == ("google", "web")
    assert account["first_transaction_at"] == "2022-01-31T00:00:00.000000Z"
    assert account["last_transaction_at"] == "2024-02-29T00:00:00.000000Z"
    told = outbox_of(system_database)
    imported = [event for event in told if event.type == "billing.transaction.imported.v1"]
    assert sorted(event.subject for event in imported) == sorted(t["id"] for t in imports.transactions(anna))
    assert imported[0].data == next(t for t in imports.transactions(anna) if t["id"] == imported[0].subject)
    changed = [event for event in told if event.type == "billing.account.changed.v1"]
    assert [event.data for event in changed] == [account]
    assert not [event for event in told if event.type in ("billing.access.granted.v1", "billing.invoice.issued.v1")]


def test_offers_that_rows_name_are_made_once_and_cannot_be_bought(imports: Imports, api: Api) -> None:
    there = api.offer(external_id="S1_DE", name="Premium")
    imports.customer("anna@example.com")
    file = "email,date,amount,currency,offer,order id\n" + "".join(
        f"anna@example.com,2024-01-0{n},1.50,EUR,{offer},A-{n}\n"
        for n, offer in enumerate(["S1_DE", "Premium", "Old book", "Old book", "", there["id"]], 1)
    )
    assert counts(imports.run("transactions", file)) == (6, 0, 0, 0)
    offers = {offer["name"]: offer for offer in api.ok("GET", "offers")["items"]}
    assert set(offers) == {"Premium", "Old book", "Imported purchases"}
    assert (offers["Old book"]["status"], offers["Old book"]["kind"]) == ("retired", "single")
    assert counts(imports.run("transactions", file)) == (0, 0, 6, 0)
    assert len(api.ok("GET", "offers")["items"]) == 3


def test_stripes_export_needs_no_mapping(imports: Imports, api: Api) -> None:
    anna = imports.customer("anna@example.com", stripe="cus_S1")
    job = imports.run("transactions", STRIPE)
    assert job["shape"] == "stripe_payments"
    assert counts(job) == (4, 0, 0, 1)
    assert imports.rejects(job) == [("6", "Status", "Not settled yet. Import it when it has succeeded or failed.")]
    paid, partly, refunded, failed = imports.transactions(anna)
    assert (paid["provider"], paid["provider_reference"], paid["external_order_id"]) == ("stripe", "ch_1", "ch_1")
    assert paid["payment_method"] == {"id": None, "kind": "card", "brand": "visa", "last4": "0042"}
    assert (partly["status"], partly["refunded"]) == ("partially_refunded", eur(550))
    assert [refund["amount"] for refund in partly["refunds"]] == [eur(550)]
    assert (refunded["status"], refunded["refunded"], failed["status"]) == ("refunded", eur(700), "failed")
    assert api.account(anna)["lifetime_value"] == [eur(1299 + 2000 - 550)]
    assert counts(imports.run("transactions", STRIPE, name="again")) == (0, 0, 4, 1)
    assert api.account(anna)["lifetime_value"] == [eur(1299 + 2000 - 550)]


def test_rows_without_an_id_are_known_by_name_and_number(imports: Imports, api: Api) -> None:
    anna = imports.customer("anna@example.com")
    rows = "anna@example.com,1997-01-01,11.77\nanna@example.com,1997-01-01,11.77\nanna@example.com,1997-01-02,0\n"
    file = f"email,date,amount\n{rows}"
    assert counts(imports.run("transactions", file, name="shop", set="currency=USD")) == (3, 0, 0, 0)
    assert api.account(anna)["lifetime_value"] == [{"amount_minor": 2354, "currency": "USD"}]
    assert counts(imports.run("transactions", file, name="shop", set="currency=USD")) == (0, 0, 3, 0)
    longer = f"{file}anna@example.com,1997-01-03,1\n"
    assert counts(imports.run("transactions", longer, name="shop", set="currency=USD")) == (1, 0, 3, 0)
    shifted = f"email,date,amount\nanna@example.com,1996-12-31,5\n{rows}"
    job = imports.run("transactions", shifted, name="shop", set="currency=USD")
    assert counts(job) == (0, 0, 1, 3), "rows that moved are never taken for new ones"
    assert imports.rejects(job)[0][2].startswith("Row 2 of an earlier import named shop was something else.")
    assert api.account(anna)["transactions_count"] == 4


def test_an_order_id_of_another_transaction_is_refused(imports: Imports) -> None:
    imports.customer("anna@example.com")
    imports.customer("bo@example.com")
    head = "Order ID,Email,Date,Amount,Currency\n"
    assert counts(imports.run("transactions", f"{head}A-1,anna@example.com,2024-01-01,5,EUR\n")) == (1, 0, 0, 0)
    job = imports.run(
        "transactions",
        f"{head}a-1,anna@example.com,2024-01-01,6,EUR\nA-1,bo@example.com,2024-01-01,5,EUR\n"
        "A-2,bo@example.com,2024-01-01,5,EUR\nA-2,bo@example.com,2024-01-01,5,EUR\nA-2,bo@example.com,2024-01-01,6,EUR\n",
    )
    assert counts(job) == (1, 0, 1, 3)
    assert [(row, column) for row, column, _ in imports.rejects(job)] == [
        ("2", "Order ID"), ("3", "Order ID"), ("6", "Order ID")
    ]  # fmt: skip
    assert "in row 4 of this file" in imports.rejects(job)[2][2]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("A-1,anna@example.com,2024-01-01,1.005,EUR,,", "Amount", "at most 2 decimals"),
        ("A-1,anna@example.com,2024-01-01,1.5,JPY,,", "Amount", "no decimals"),
        ("A-1,anna@example.com,2024-01-01,-5,EUR,,", "Amount", "Negative"),
        ("A-1,anna@example.com,2024-01-01,1e5,EUR,,", "Amount", "Not an amount"),
        ("A-1,anna@example.com,2024-01-01,1000000000000000000,EUR,,", "Amount", "Larger than any"),
        ("A-1,anna@example.com,2024-01-01,,EUR,,", "Amount", "Missing"),
        ("A-1,anna@example.com,2024-01-01,5,XYZ,,", "Currency", "ISO 4217"),
        ("A-1,anna@example.com,01/02/2024,5,EUR,,", "Date", "Not a time"),
        ("A-1,anna@example.com,2024-01-01,5,EUR,maybe,", "Status", "Not one of succeeded"),
        ("A-1,anna@example.com,2024-01-01,5,EUR,pending,", "Status", "Not settled yet"),
        ("A-1,anna@example.com,2024-01-01,5,EUR,partially refunded,", "Refunded", "how much"),
        ("A-1,anna@example.com,2024-01-01,5,EUR,paid,6", "Refunded", "More than was paid"),
        ("A-1,,2024-01-01,5,EUR,,", "Email", "whose it is"),
        ("A-1,nobody@example.com,2024-01-01,5,EUR,,", "Email", "Import the customers first"),
    ],
)
def test_a_bad_row_costs_itself_and_says_why(imports: Imports, row: str, column: str, reason: str) -> None:
    anna = imports.customer("anna@example.com")
    head = "Order ID,Email,Date,Amount,Currency,Status,Refunded\n"
    job = imports.run("transactions", f"{head}{row}\nA-9,anna@example.com,2024-01-01,5,EUR,,\n")
    assert counts(job) == (1, 0, 0, 1)
    ((number, where, why),) = imports.rejects(job)
    assert (number, where) == ("2", column)
    assert reason in why
    assert imports.api.account(anna)["transactions_count"] == 1


@pytest.mark.parametrize(
    ("kind", "content", "options", "reason"),
    [
        ("transactions", "email,date,amount\n", {}, "No column becomes currency"),
        ("transactions", "date,amount,currency\n", {}, "No column says whose"),
        ("transactions", "email,date,amount,currency\n", {"set": "currency=XYZ"}, "ISO 4217"),
        ("transactions", "email,date,amount,currency\n", {"set": "external_order_id=1"}, "can't be the same for all"),
        ("transactions", "email,date,amount,currency,shoe\n", {}, "'shoe'"),
        ("subscriptions", "email,offer,status\n", {}, "No column becomes current_period_end"),
        ("offers", "name,price\n", {}, "No column becomes currency"),
        ("cheeses", "name\n", {}, "kind"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_and_leaves_nothing(
    imports: Imports, kind: str, content: str, options: dict[str, str], reason: str
) -> None:
    answer = imports.send(kind, content, **options)
    assert answer.status_code == 422
    assert reason in answer.text
    assert imports.api.ok("GET", "imports")["items"] == []


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(
    imports: Imports, api: Api, system_database: Database
) -> None:
    anna = imports.customer("anna@example.com")
    many = "".join(f"A-{n},anna@example.com,2024-01-01,5,EUR,Book {n % 3}\n" for n in range(700))
    file = f"Order ID,Email,Date,Amount,Currency,Offer\n{many}A-1,anna@example.com,2024-01-01,5,EUR,x\nA-2,x,,,,\n"
    before = len(outbox_of(system_database))
    dry = imports.run("transactions", file, dry_run="true")
    assert counts(dry) == (700, 0, 1, 1)
    assert (api.account(anna)["transactions_count"], api.ok("GET", "offers")["items"]) == (0, [])
    assert len(outbox_of(system_database)) == before
    assert counts(imports.run("transactions", file)) == (700, 0, 1, 1)
    assert api.account(anna)["lifetime_value"] == [eur(350_000)]


def test_who_may_import(imports: Imports, api: Api) -> None:
    assert api.send("GET", "imports", as_="agent").status_code == 403
    job = imports.send("transactions", "email,date,amount,currency\n").json
    assert api.send("GET", f"imports/{job['id']}", as_="b").status_code == 404
    listed = api.ok("GET", "imports?kind=transactions")["items"]
    assert [each["id"] for each in listed] == [job["id"]]
    assert api.ok("GET", "imports?kind=offers")["items"] == []
    assert (job["kind"], job["awaits"]) == ("transactions", None)
    assert PATH in str(imports.send("transactions", "email,date,amount,currency\n").headers["Location"])

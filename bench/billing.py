"""Reading from billing over HTTP: a transaction beside bare Flask, and a customer's page however much they bought."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from sqlalchemy import text

from bench.client import Client
from bench.measure import Rounds, Row
from bench.processes import free_port, running, wait_for_port
from bench.stand import Stand
from servicekit.ids import new_id

AIM_TRANSACTION = 1.5
AIM_PAGE = 1.2
FEW, MANY = 10, 100_000
_Side = tuple[Client, Sequence[Sequence[str]]]
_FILL = text(
    """
    INSERT INTO transaction (id, publisher_id, customer_id, kind, offer_id, amount_minor, tax_minor, currency, status,
        channel, provider, provider_reference, payment_method, external_order_id, external_order_key, origin,
        created_at, settled_at, version)
    SELECT 'txn_' || md5(:customer_id || n), :publisher_id, :customer_id, 'purchase', :offer_id, 999 + n % 500, 160,
        'EUR', CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'succeeded' END, 'web', 'sandbox', 'ch_' || n,
        '{"id": null, "kind": "card", "brand": "visa", "last4": "4242"}', :customer_id || '-' || n,
        :customer_id || '-' || n, 'import', now() - make_interval(mins => n), now(), 1
    FROM generate_series(1, :count) AS n
    """
)
_ACCOUNT = text(
    """
    UPDATE account SET transactions_count = :count, version = version + 1
    WHERE customer_id = :customer_id AND publisher_id = :publisher_id
    """
)
_KNOWN = text(
    """
    INSERT INTO known_customer (customer_id, publisher_id, told, erased, version)
    VALUES (:customer_id, :publisher_id, '{}', false, 1)
    """
)


def measure(stand: Stand, quick: bool) -> list[Row]:
    """One worker each; the two sides take turns, each round the median of many single requests."""
    publisher_id = new_id("pub")
    token = stand.token(publisher_id)
    rounds, requests = (1, 50) if quick else (9, 400)
    with ExitStack() as stack:
        ours = stand.web("billing", on=stack)
        bare = free_port()
        settings = {
            "BARE_DATABASE_URL": stand.installation.urls("billing").app,
            "BARE_IDENTITY_URL": stand.identity_url(),
            "BARE_BIND": f"127.0.0.1:{bare}",
        }
        child = stack.enter_context(running("bare-billing", ["-m", "bench.bare_billing"], settings, stand.directory))
        wait_for_port(child, bare)
        offer = Client(ours, token).post(
            "/v1/billing/offers", {"name": "Single", "kind": "single", "price": {"amount": "9.99", "currency": "EUR"}}
        )
        few, many = (_customer(stand, publisher_id, offer["id"], count, ours, token) for count in (FEW, MANY))
        return [
            _transaction(ours, bare, token, many, rounds, requests),
            _page(ours, token, few, many, rounds, max(10, requests // 8)),
        ]


def _customer(stand: Stand, publisher_id: str, offer_id: str, count: int, port: int, token: str) -> str:
    """A customer with payment details and so many transactions."""
    values = {"publisher_id": publisher_id, "customer_id": new_id("cus"), "offer_id": offer_id, "count": count}
    with stand.database("billing", "app").transaction(publisher_id) as session:
        session.execute(_KNOWN, values)
    method = {"customer_id": values["customer_id"], "provider": "sandbox", "token": "tok_visa"}
    Client(port, token).post("/v1/billing/payment_methods", method)
    with stand.database("billing", "app").transaction(publisher_id) as session:
        session.execute(_FILL, values)
        session.execute(_ACCOUNT, values)
    with (
        stand.database("billing", "migrate")
        .engine.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        connection.execute(text("VACUUM ANALYZE transaction"))
    return str(values["customer_id"])


def _transaction(ours: int, bare: int, token: str, customer_id: str, rounds: int, requests: int) -> Row:
    found = Client(ours, token).get(f"/v1/billing/transactions?customer_id={customer_id}&limit=200")["items"]
    pages = [[f"/v1/billing/transactions/{item['id']}"] for item in found]
    turns = _alternate((Client(bare, token), pages), (Client(ours, token), pages), rounds, requests)
    return _row("transaction by ID over HTTP, p50", turns, AIM_TRANSACTION)


def _page(port: int, token: str, few: str, many: str, rounds: int, requests: int) -> Row:
    client = Client(port, token)
    nouns = ("payment_methods", "subscriptions", "access", "transactions")

    def page(customer_id: str) -> list[list[str]]:
        lists = [f"/v1/billing/{noun}?customer_id={customer_id}&limit=25" for noun in nouns]
        return [[f"/v1/billing/customers/{customer_id}/account", *lists]]

    turns = _alternate((client, page(few)), (client, page(many)), rounds, requests)
    return _row(f"customer page's billing data, {MANY:,} and {FEW} transactions, p50", turns, AIM_PAGE)


def _row(what: str, turns: Rounds, aim: float) -> Row:
    return Row(
        name="billing",
        what=what,
        ours=statistics.median(turns.ours),
        baseline=statistics.median(turns.baseline),
        unit="ms",
        aim=aim,
        ratios=turns.ratios,
        lower_is_better=True,
        details={"ours": turns.ours, "baseline": turns.baseline},
    )


def _alternate(baseline: _Side, ours: _Side, rounds: int, requests: int) -> Rounds:
    """The median of each round in milliseconds; one page of the one side, then one of the other, and so on."""
    found = Rounds([], [])
    for _ in range(rounds + 1):
        took: tuple[list[float], list[float]] = ([], [])
        for number in range(requests):
            for times, (client, pages) in zip(took, (baseline, ours), strict=True):
                began = time.perf_counter()
                for path in pages[number % len(pages)]:
                    client.get(path)
                times.append((time.perf_counter() - began) * 1000)
        found.baseline.append(statistics.median(took[0]))
        found.ours.append(statistics.median(took[1]))
    # The first one made connections, filled caches, prepared statements.
    return Rounds(found.baseline[1:], found.ours[1:])

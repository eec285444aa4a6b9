"""From a file to transactions that are counted and told of, against ``COPY`` of the same rows into one bare table."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

import psycopg
from sqlalchemy import select

from bench.measure import Row, take_turns
from bench.people import editor
from bench.processes import free_port, wait_for_port, wait_until
from bench.stand import Stand
from servicekit import clock
from servicekit.ids import new_id
from servicekit.imports.layout import Wishes
from servicekit.imports.receiving import Asked
from servicekit.imports.starting import Request, start_import
from services.billing.actions.people import take_customers
from services.billing.imports.kinds import IMPORTS
from services.billing.inbound import CustomerTold
from services.billing.models.imports import BillingImport

AIM = 0.05
_FOR_EACH = 5
_COLUMNS = ("external_order_id", "customer_email", "created_at", "amount", "currency", "offer")


def measure(stand: Stand, quick: bool) -> list[Row]:
    """The importer as a process of its own; a new publisher each round, with a customer for each five rows."""
    rounds, count = (1, 500) if quick else (3, 20_000)
    lines = [_line(number) for number in range(count)]
    with ExitStack() as stack:
        port = free_port()
        child = stand.process("billing", "importer", on=stack, METRICS_PORT=str(port))
        wait_for_port(child, port)
        found = take_turns(rounds, baseline=lambda: _copy(stand, lines), ours=lambda: _import(stand, lines))
    return [
        Row(
            name="importing_transactions",
            what="import of transactions",
            ours=statistics.median(found.ours),
            baseline=statistics.median(found.baseline),
            unit="rows/s",
            aim=AIM,
            ratios=found.ratios,
            details={"rows": count, "ours": found.ours, "baseline": found.baseline},
        )
    ]


def _line(n: int) -> str:
    return f"A-{n},p{n // _FOR_EACH}@example.com,2026-01-{n % 28 + 1:02},{n % 90}.99,EUR,Book {n % 7}\n"


def _import(stand: Stand, lines: list[str]) -> float:
    publisher_id, app = new_id("pub"), stand.database("billing", "app")
    emails = [f"p{n}@example.com" for n in range(len(lines) // _FOR_EACH + 1)]
    with app.transaction(publisher_id) as session:
        told = [CustomerTold(new_id("cus"), 1, {"email": email}, [("email", email)]) for email in emails]
        take_customers(session, publisher_id=publisher_id, told=told)
    content = (",".join(_COLUMNS) + "\n" + "".join(lines)).encode()
    asked = Asked(None, None, None, Wishes())
    request = Request(publisher_id, "transactions", editor(publisher_id), "bench", None, False, asked, None, "")
    began = time.perf_counter()
    job, _ = start_import(
        lambda: app.transaction(publisher_id), IMPORTS, request, iter([content]), whole=True, now=clock.now
    )

    def finished() -> bool:
        with app.transaction(publisher_id) as session:
            return session.scalar(select(BillingImport.status).where(BillingImport.id == job.id)) == "finished"

    wait_until("the import to be finished", finished, seconds=1800.0, every=0.02)
    return len(lines) / (time.perf_counter() - began)


def _copy(stand: Stand, lines: list[str]) -> float:
    """The same rows as they are in the file, into a table without index or trigger, committed."""
    columns = ", ".join(f"{name} text" for name in _COLUMNS)
    with psycopg.connect(stand.installation.urls("billing").migrate) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_copy")
        connection.execute(f"CREATE TABLE bare_copy ({columns})".encode())
        connection.commit()
        began = time.perf_counter()
        with connection.cursor().copy("COPY bare_copy FROM STDIN (FORMAT csv)") as copy:
            copy.write("".join(lines))
        connection.commit()
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bare_copy")
    return len(lines) / seconds

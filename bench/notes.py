"""The first page of a customer's notes over HTTP: of one with 10 of them and of one with 10,000, in turns."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

from sqlalchemy import text

from bench.client import Client
from bench.measure import Rounds, Row
from bench.stand import Stand
from servicekit.ids import new_id

AIM = 1.2
FEW, MANY = 10, 10_000
_KNOWN = text(
    """
    INSERT INTO customer (publisher_id, customer_id, version, notes_count, summary_version)
    VALUES (:publisher_id, :customer_id, 1, :count, 1)
    """
)
_FILL = text(
    """
    INSERT INTO note (id, publisher_id, customer_id, text, flags, author_id, author_name, author_kind, created_at,
        version)
    SELECT 'note_' || md5(:customer_id || n), :publisher_id, :customer_id,
        repeat('Called about the bill. ', 1 + n % 20), '{}', 'stf_bench', 'Kim Okafor', 'staff',
        now() - make_interval(mins => n), 1
    FROM generate_series(1, :count) AS n
    """
)


def measure(stand: Stand, quick: bool) -> list[Row]:
    """One worker; each round the median of many single requests."""
    publisher_id = new_id("pub")
    rounds, requests = (1, 50) if quick else (9, 400)
    with ExitStack() as stack:
        client = Client(stand.web("notes", on=stack), stand.token(publisher_id))
        few, many = (_customer(stand, publisher_id, count) for count in (FEW, MANY))
        turns = _alternate(client, few, many, rounds, requests)
        return [
            Row(
                name="notes",
                what=f"first {FEW} of {MANY:,} and of {FEW} notes of a customer, p50",
                ours=statistics.median(turns.ours),
                baseline=statistics.median(turns.baseline),
                unit="ms",
                aim=AIM,
                ratios=turns.ratios,
                lower_is_better=True,
            )
        ]


def _customer(stand: Stand, publisher_id: str, count: int) -> str:
    """A customer with so many notes."""
    values = {"publisher_id": publisher_id, "customer_id": new_id("cus"), "count": count}
    with stand.database("notes", "app").transaction(publisher_id) as session:
        session.execute(_KNOWN, values)
        session.execute(_FILL, values)
    with (
        stand.database("notes", "migrate")
        .engine.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        connection.execute(text("VACUUM ANALYZE note"))
    return str(values["customer_id"])


def _alternate(client: Client, few: str, many: str, rounds: int, requests: int) -> Rounds:
    """The median of each round in milliseconds: a request for the one, then one for the other, and so on."""
    found = Rounds([], [])
    for _ in range(rounds + 1):
        took: tuple[list[float], list[float]] = ([], [])
        for _request in range(requests):
            for times, customer_id in zip(took, (few, many), strict=True):
                began = time.perf_counter()
                page = client.get(f"/v1/notes?customer_id={customer_id}&limit={FEW}")
                times.append((time.perf_counter() - began) * 1_000)
                assert len(page["items"]) == FEW  # noqa: S101 - a measurement of something else is none
        found.baseline.append(statistics.median(took[0]))
        found.ours.append(statistics.median(took[1]))
    # The first one made connections, filled caches, prepared statements.
    return Rounds(found.baseline[1:], found.ours[1:])

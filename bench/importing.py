"""From a file to customers that are found, against ``COPY`` of the same rows into one bare table."""

from __future__ import annotations

import csv
import io
import secrets
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import select

from bench.measure import Rounds, Row, take_turns
from bench.people import editor
from bench.processes import Child, free_port, wait_for_port, wait_until
from bench.stand import Stand
from embedded.demo.people import customers
from embedded.demo.rows import COLUMNS, write_csv
from servicekit import clock
from servicekit.bus.amqp import AmqpBus
from servicekit.ids import new_id
from servicekit.imports.layout import wishes_of
from servicekit.imports.receiving import Asked
from servicekit.imports.starting import Request, start_import
from services.customers.imports.headings import VOCABULARY
from services.customers.imports.kinds import IMPORTS
from services.customers.imports.models import Import
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings

AIM = 0.05
MEMORY_AIM_MB = 20.0
_MOST_SECONDS = 1800.0
_BLOCK = 65_536


def measure(stand: Stand, quick: bool) -> list[Row]:
    """Importer, relay, worker and indexer as processes of their own; a new publisher each round."""
    stand.require("RabbitMQ", "OpenSearch")
    rounds, count = (1, 500) if quick else (3, 10_000)
    prefix = f"{stand.installation.prefix}{secrets.token_hex(3)}-"
    engine = OpenSearchEngine(OpenSearchSettings(url=stand.opensearch_url, prefix=prefix))
    engine.ensure()
    AmqpBus(stand.amqp_url, exchange=stand.topology.exchange).declare(stand.topology)
    imported: list[float] = []
    with ExitStack() as stack:
        processes = {name: _started(stand, stack, "customers", name) for name in ("importer", "relay")}
        for name in ("worker", "indexer"):
            processes[name] = _started(stand, stack, "search", name, OPENSEARCH_PREFIX=prefix)
        importer = processes["importer"]
        warm = _file(200)
        _import(stand, engine, warm, 200)
        content = _file(count)
        before, spent = _peak_mb(importer), _seconds(processes)
        found = take_turns(
            rounds,
            baseline=lambda: _copy(stand, content, count),
            ours=lambda: _import(stand, engine, content, count, imported=imported),
        )
        grown = _peak_mb(importer) - before
        work = {name: (now - spent[name]) / rounds / count * 1000 for name, now in _seconds(processes).items()}
    figures: dict[str, Any] = {
        "customers": count,
        "ours": found.ours,
        "baseline": found.baseline,
        "to customers alone": imported,
    }
    figures["milliseconds of each process for a customer"] = work
    return _rows(found, figures, grown)


def _rows(found: Rounds, figures: dict[str, Any], grown: float) -> list[Row]:
    """``grown``: megabytes that the importer took more at its highest."""
    count = figures["customers"]
    return [
        Row(
            name="importing",
            what="import to searchable",
            ours=statistics.median(found.ours),
            baseline=statistics.median(found.baseline),
            unit="customers/s",
            aim=AIM,
            ratios=found.ratios,
            details=figures,
        ),
        Row(
            name="importing_memory",
            what=f"importer: memory for {count} customers more",
            ours=grown,
            unit="MB",
            aim=MEMORY_AIM_MB,
        ),
    ]


def _file(count: int) -> bytes:
    file = io.BytesIO()
    write_csv(customers(count), file)
    return file.getvalue()


def _import(
    stand: Stand, engine: OpenSearchEngine, content: bytes, count: int, *, imported: list[float] | None = None
) -> float:
    publisher_id, app = new_id("pub"), stand.database("customers", "app")
    asked = Asked(None, None, None, wishes_of(VOCABULARY, [], []))
    request = Request(publisher_id, "customers", editor(publisher_id), "bench", None, False, asked, None, "")
    began = time.perf_counter()
    job, _ = start_import(
        lambda: app.transaction(publisher_id), IMPORTS, request, _blocks(content), whole=True, now=clock.now
    )

    def finished() -> bool:
        with app.transaction(publisher_id) as session:
            return session.scalar(select(Import.status).where(Import.id == job.id)) == "finished"

    wait_until("the import to be finished", finished, seconds=_MOST_SECONDS, every=0.05)
    if imported is not None:
        imported.append(count / (time.perf_counter() - began))
    wait_until(
        f"{count} customers to be found",
        lambda: engine.count(publisher_id) >= count,
        seconds=_MOST_SECONDS,
        every=0.05,
    )
    return count / (time.perf_counter() - began)


def _blocks(content: bytes) -> Iterator[bytes]:
    for begin in range(0, len(content), _BLOCK):
        yield content[begin : begin + _BLOCK]


def _copy(stand: Stand, content: bytes, count: int) -> float:
    """The same rows as they are in the file, into a table without index or trigger, committed."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in COLUMNS)
    with psycopg.connect(stand.installation.urls("customers").migrate) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_copy")
        connection.execute(sql.SQL("CREATE TABLE bare_copy ({})").format(columns))
        connection.commit()
        began = time.perf_counter()
        with connection.cursor().copy("COPY bare_copy FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getvalue())
        connection.commit()
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bare_copy")
    return count / seconds


def _started(stand: Stand, stack: ExitStack, service: str, command: str, **settings: str) -> Child:
    port = free_port()
    child = stand.process(service, command, on=stack, METRICS_PORT=str(port), **settings)
    wait_for_port(child, port)
    return child


def _seconds(processes: Mapping[str, Child]) -> dict[str, float]:
    """The processor's time that each has had."""
    times = {name: psutil.Process(child.process.pid).cpu_times() for name, child in processes.items()}
    return {name: spent.user + spent.system for name, spent in times.items()}


def _peak_mb(child: Child) -> float:
    """The most memory that the process has had."""
    status = Path(f"/proc/{child.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000

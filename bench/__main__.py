"""``./accounts bench``: measure, print a table, write JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench import (
    billing,
    bought,
    creating,
    embedded_mode,
    finding,
    importing,
    importing_transactions,
    indexing,
    mailing,
    notes,
    relaying,
    renewals,
    searching,
)
from bench import console as console_pages
from bench.machine import ROOT, machine_facts
from bench.measure import CannotRun, Row
from bench.stand import Stand, prepared_stand

MEASUREMENTS: dict[str, Callable[[Stand, bool], Sequence[Row]]] = {
    "creating": creating.measure,
    "relaying": relaying.measure,
    "indexing": indexing.measure,
    "finding": finding.measure,
    "searching": searching.measure,
    "transactions": bought.measure,
    "importing": importing.measure,
    "importing_transactions": importing_transactions.measure,
    "billing": billing.measure,
    "renewals": renewals.measure,
    "notes": notes.measure,
    "mailing": mailing.measure,
    "embedded": embedded_mode.measure,
    "console": console_pages.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASUREMENTS)))
@click.option("--quick", is_flag=True, help="Short rounds: shows that everything runs; the figures mean little.")
@click.option("--sizes", default="10000", show_default=True, help="Customers to search among, such as 10000,1000000.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where the results go.")
def bench(names: tuple[str, ...], quick: bool, sizes: str, file: Path | None) -> None:
    """Measure the product against bare baselines, each in the same run. Without NAMES everything.

    RABBITMQ_URL with RABBITMQ_MANAGEMENT_URL, and OPENSEARCH_URL, name servers to use; else they are found or
    started as for the tests. PostgreSQL is always one of its own, with fsync on.
    """
    console = Console()
    searching.SIZES[:] = [int(size) for size in sizes.split(",")]
    facts = {**machine_facts(), "quick": quick}
    rows, missing = _measure(names or tuple(MEASUREMENTS), quick, console)
    if rows:
        console.print(_table(rows))
    for name, reason in missing.items():
        console.print(f"[bold]not measured:[/bold] {name}: {reason}")
    target = file or ROOT / "bench" / "results" / f"{facts['at'].replace(':', '')}.json"
    _write(target, facts, rows, missing)
    console.print(f"written to {target}")
    if missing:
        raise SystemExit(1)


def _measure(names: Sequence[str], quick: bool, console: Console) -> tuple[list[Row], dict[str, str]]:
    rows: list[Row] = []
    missing: dict[str, str] = {}
    with prepared_stand() as stand:
        for server, note in stand.notes.items():
            if server != "PostgreSQL":
                console.print(f"{server}: {note}")
        for name in names:
            console.print(f"measuring {name} ...")
            began = time.perf_counter()
            try:
                found = MEASUREMENTS[name](stand, quick)
            except CannotRun as error:
                missing[name] = str(error)
                continue
            seconds = time.perf_counter() - began
            rows += [row.lasting(seconds) for row in found]
    return rows, missing


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="Measured on this machine; a ratio is the median of rounds in turns")
    for column in ("what", "ours", "baseline", "ratio", "aim", "", "took"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        ratio = row.ratio
        table.add_row(
            row.what,
            f"{_figure(row.ours)} {row.unit}",
            "-" if row.baseline is None else f"{_figure(row.baseline)} {row.unit}",
            "-" if ratio is None else f"{ratio:.2f}",
            _aim(row),
            "met" if row.is_met else "MISSED",
            f"{row.seconds:.0f} s",
        )
    return table


def _aim(row: Row) -> str:
    if row.ratio is None:
        return f"≤ {_figure(row.aim)} {row.unit}"
    return f"{'≤' if row.lower_is_better else '≥'} {row.aim}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}"


def _write(file: Path, facts: dict[str, Any], rows: Sequence[Row], missing: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": facts, "rows": [row.to_json() for row in rows], "not_measured": missing}
    file.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    bench(prog_name="accounts bench")

"""``./accounts demo``: made-up customers as CSV or NDJSON, as many as one likes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import IO

import click

from embedded.demo.people import AS_OF, SEED, DemoCustomer, customers
from embedded.demo.rows import write_csv, write_ndjson

_WRITERS = {"csv": write_csv, "ndjson": write_ndjson}
_STEP = 1000


@click.command()
@click.option("--count", default=1000, show_default=True, type=click.IntRange(0), help="How many customers.")
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(0), help="Another seed, other customers.")
@click.option("--format", "form", default="csv", show_default=True, type=click.Choice(list(_WRITERS)))
@click.option(
    "--as-of",
    default=f"{AS_OF:%Y-%m-%d}",
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day until which they registered and logged in; the same day, the same file.",
)
@click.option(
    "--output",
    default="-",
    type=click.File("wb", lazy=False, atomic=True),
    help="The file to write; standard output if absent.",
)
def demo(count: int, seed: int, form: str, as_of: datetime, output: IO[bytes]) -> None:
    """Write made-up customers for ./accounts import, the same for the same seed.

    They speak 27 languages in 10 scripts and live at streets, in cities and under postal codes of their country. No
    mail to them can arrive: their addresses end in .example, or at example.com, .net and .org.
    """
    people = customers(count, seed=seed, as_of=as_of.replace(tzinfo=UTC))
    shown = sys.stderr.isatty() and not output.isatty()  # a bar among the rows on the screen would help nobody
    bar = click.progressbar(length=count, label="customers", file=sys.stderr) if shown else nullcontext()
    with bar as progress:
        _WRITERS[form](_counted(people, progress.update) if progress else people, output)


def _counted(people: Iterator[DemoCustomer], done: Callable[[int], None]) -> Iterator[DemoCustomer]:
    for number, person in enumerate(people, 1):
        yield person
        if number % _STEP == 0:
            done(_STEP)


if __name__ == "__main__":
    demo(prog_name="./accounts demo")

"""What an import shows while it runs, and its end in a few lines."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from servicekit.imports.headings import is_our_remark

_WAITING_SECONDS = 10.0
_MOST_SHOWN = 30
_AWAITS = {
    "customers": "Some customers aren't known yet: if they were just imported, they are on their way.",
    "staff": "Who of the staff wrote the notes can't be looked up right now: it is tried again.",
}


class Shown:
    """A progress bar on standard error: first for the bytes sent, then for the rows done."""

    def __init__(self, console: Console, size: int) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._sending = self._progress.add_task("sending", total=size or None, unit="bytes")
        self._working: Any = None
        self._waits_since: float | None = None
        self._told_of: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tell(self, job: dict[str, Any]) -> None:
        """The import is as far as this."""
        rows = job["rows"]
        self._progress.start()
        if job["status"] == "receiving":
            self._progress.update(self._sending, completed=job["received_bytes"])
            return
        if self._working is None:
            total = self._progress.tasks[0].total
            self._progress.update(self._sending, completed=total)
            self._working = self._progress.add_task("importing", total=rows["received"] or None)
        self._progress.update(self._working, completed=rows["done"], description=_doing(rows))
        self._hint_at_importer(job)

    def _hint_at_importer(self, job: dict[str, Any]) -> None:
        if job["awaits"] is not None and job["awaits"] != self._told_of:
            self._told_of = job["awaits"]
            self._console.print(_AWAITS.get(job["awaits"], f"Waits for {job['awaits']}."))
        if job["status"] != "waiting":
            self._waits_since = None
            return
        if self._waits_since is None:
            self._waits_since = time.monotonic()
        elif time.monotonic() > self._waits_since + _WAITING_SECONDS:
            self._waits_since = float("inf")
            self._console.print(
                "It waits: for another import of this publisher, or for an importer "
                f"(python -m services.{'customers' if job['kind'] == 'customers' else 'billing'} importer) that isn't "
                "running."
            )


def announce(console: Console, job: dict[str, Any]) -> None:
    """What becomes of the columns; nothing is dropped silently."""
    taken = [f"{column['column']} → {column['field']}" for column in job["columns"] if column["field"]]
    left = [column["column"] for column in job["columns"] if not column["field"] and not column["never_stored"]]
    left = [name for name in left if not is_our_remark(name, left)]
    never = [column["column"] for column in job["columns"] if column["never_stored"]]
    if job["shape"]:
        console.print(f"recognized as {job['shape']}", markup=False)
    console.print(f"columns: {_listed(taken)}", markup=False)
    if left:
        hint = ' (keep one with --map "COLUMN=attributes.NAME")' if job["kind"] == "customers" else ""
        console.print(f"left out: {_listed(left)}{hint}", markup=False)
    if never:
        console.print(f"never stored: {_listed(never)}", markup=False)


def summarize(job: dict[str, Any], rejects: Path | None) -> str:
    """The end of an import, for people and scripts."""
    rows = job["rows"]
    would = "would be " if job["dry_run"] else ""
    told = ", ".join(f"{rows[result]} {would}{result}" for result in ("created", "updated", "unchanged", "rejected"))
    lines = [f"{rows['done']} of {rows['received']} rows: {told}."]
    if rows["rejected"]:
        where = f"Rejected rows are in {rejects}" if rejects else "Run it again with --rejects FILE to get the rejected"
        lines.append(f"{where}: correct them, and import that file.")
    return "\n".join(lines)


def _doing(rows: dict[str, Any]) -> str:
    return f"importing ({rows['rejected']} rejected)" if rows["rejected"] else "importing"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more

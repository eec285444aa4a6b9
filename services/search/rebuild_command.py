"""Rebuilding from a command line: the progress bar, what is said at the end, and errors as messages."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from servicekit.db.database import Database
from servicekit.process import worker_id
from services.search import rebuild_state
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.port import Engine
from services.search.rebuild import Options, RebuildFailed, Rebuilt, Running, TakenOver, give_up, rebuild

F = TypeVar("F", bound=Callable[..., Any])

_STAGES = {
    "creating": "creating the index",
    "filling": "filling it",
    "checking": "checking it",
    "promoting": "putting it in service",
    "retiring": "dropping the one before",
}
_INTERRUPTED = "interrupted. Nothing is lost: run rebuild again to go on, or rebuild --abort to give it up."


def rebuild_options(command: F) -> F:
    """The options that ``run`` takes."""
    for option in (
        click.option("--drop-kept", is_flag=True, help="Delete indices that --keep-old left behind, and nothing else."),
        click.option("--abort", is_flag=True, help="Give up a rebuild that was interrupted."),
        click.option("--accept-refused", is_flag=True, help="Go on without customers whom the engine refuses."),
        click.option("--keep-old", is_flag=True, help="Don't delete the index before."),
        click.option("--batch", default=500, show_default=True, type=click.IntRange(1, 5_000), help="Written at once."),
        click.option(
            "--rate", default=0.0, type=click.FloatRange(0), help="Customers a second at most, to spare the servers."
        ),
    ):
        command = option(command)
    return command


def run(
    database: Database,
    engine: Engine,
    *,
    rate: float,
    batch: int,
    keep_old: bool,
    accept_refused: bool,
    abort: bool,
    drop_kept: bool,
) -> None:
    """Rebuild, or what else the options say. ``database`` acts as the role ``system``. Raises click.ClickException."""
    options = Options(rate=rate, batch=batch, keep_old=keep_old, accept_refused=accept_refused)
    with _told(), _interruptible():
        if abort:
            name = give_up(database, engine, worker_id())
            click.echo("There is no rebuild to give up." if name is None else f"The rebuild of {name} is given up.")
        elif drop_kept:
            _drop_kept(database, engine)
        else:
            with Bar() as bar:
                result = rebuild(database, engine, worker_id(), options=options, watcher=bar)
            _tell(result)


def _drop_kept(database: Database, engine: Engine) -> None:
    with database.transaction() as session:
        under_way = rebuild_state.look(session)
    spare = [name for name in engine.indices.spare() if under_way is None or name != under_way.target]
    for name in spare:
        engine.indices.drop(name)
    click.echo(f"Deleted: {', '.join(spare)}." if spare else "There is none.")


def _tell(result: Rebuilt) -> None:
    compared = ""
    if result.comparison is not None:
        compared = f": {result.comparison.index}"
    click.echo(f"Rebuilt: {result.target} is in service{compared}. It took {result.seconds:,.0f} s.")
    if result.mended:
        click.echo(f"{result.mended:,} customers had to be put right after it was filled.")
    if result.comparison is not None and result.comparison.refused:
        click.echo(f"{result.comparison.refused:,} customers are refused by the engine, as before: see status.")
    if result.kept:
        click.echo(
            f"Kept: {', '.join(result.kept)}. Who is erased from now on is still in there: delete it soon, with "
            "rebuild --drop-kept."
        )


class Bar:
    """Shows how it goes, one line for each stage."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<26}"),
            BarColumn(),
            TextColumn("{task.fields[numbers]:>21}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._stage = ""
        self._task: TaskID | None = None
        self._said = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        self._progress.stop()

    def at(self, stage: str, done: int, total: int | None) -> None:
        """Show it."""
        if stage != self._stage or self._task is None:
            self._finish()
            self._stage = stage
            self._task = self._progress.add_task(_STAGES.get(stage, stage), total=total, numbers="")
        numbers = f"{done:,}" if done else ""
        self._progress.update(
            self._task, completed=done, total=total, numbers=numbers if total is None else f"{done:,} of {total:,}"
        )

    def _finish(self) -> None:
        """The stage is through."""
        if self._task is not None:
            done = self._progress.tasks[self._task].completed or 1
            self._progress.update(self._task, completed=done, total=done)

    def say(self, message: str) -> None:
        """Show it, once."""
        if message != self._said:
            self._said = message
            self._progress.console.print(message, markup=False, highlight=False)


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong, as a message."""
    try:
        yield
    except Running as error:
        raise click.ClickException(f"{error}. Only one can run at a time.") from None
    except TakenOver:
        raise click.ClickException(
            "somebody else goes on with this rebuild: this process was away for too long."
        ) from None
    except RebuildFailed as error:
        raise click.ClickException(str(error)) from None
    except (EngineUnavailable, EngineRefused) as error:
        raise click.ClickException(
            f"{error}. What is in service stays there; run rebuild again when it is back."
        ) from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end it in good order."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        raise click.ClickException(_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)

"""How a service that joins, or is made anew, learns what others have: by itself beside its consumer, or by command."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import click
import structlog
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from servicekit.bootstrap import Bootstrapping, InOrder, Source
from servicekit.db.database import Database
from servicekit.feed_client import Owners
from servicekit.process import Run
from servicekit.settings import SettingsError

_log = structlog.get_logger(__name__)


def bootstrapping(sources: Sequence[Source], owners: Owners, app: Database) -> InOrder:
    """Reads each feed once. Those of services whose address isn't known here are left out, and the log says so.

    Raises SettingsError where it is the first one's: nothing makes sense without that.
    """
    known = [source for source in sources if owners.urls.get(source.owner)]
    if sources and sources[0] not in known:
        raise SettingsError(f"{sources[0].owner.upper()}_URL must say where the feed {sources[0].name} is.")
    for source in sources:
        if source not in known:
            _log.warning("not bootstrapped: no address", source=source.name, owner=source.owner)
    return InOrder([Bootstrapping(each.name, partial(owners.read, each, app), app) for each in known])


def beside(run: Run, starting: InOrder) -> Run:
    """``run``, and ``starting`` in a thread beside it, which ends when it is done."""

    def both(stop: threading.Event) -> None:
        threading.Thread(target=starting.run, args=(stop,), name="bootstrap", daemon=True).start()
        run(stop)

    return both


def read_with_bar(owners: Owners, *, owner: str, path: str, what: str, take_in: Callable[..., int]) -> None:
    """Read a feed, with a bar, and say how many items it had. ``take_in`` is called with ``fetch`` and ``progress``."""
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with owners.fetching(owner, path) as fetch, Progress(*columns) as display:
        task = display.add_task(what, total=None)
        count = take_in(fetch=fetch, progress=lambda items: display.update(task, completed=items))
    click.echo(f"{count:,} {what} read.")


def bootstrap_command(
    sources: Callable[[], Sequence[Source]], owners: Callable[[], Owners], app: Callable[[], Database]
) -> click.Command:
    """``bootstrap``, for a service's command line. Services whose address isn't set are left out, but for the first."""

    @click.command("bootstrap")
    @click.option("--afresh", is_flag=True, help="From the beginning, even if all was read before.")
    def command(afresh: bool) -> None:
        """Learn what there is at other services, while changes flow. Goes on where it was interrupted."""
        known, database = owners(), app()
        for number, source in enumerate(sources()):
            if number == 0 or known.urls.get(source.owner):
                read_with_bar(
                    known, owner=source.owner, path=source.path, what=source.name.replace("_", " "),
                    take_in=partial(source.read, app=database, afresh=afresh),
                )  # fmt: skip

    return command

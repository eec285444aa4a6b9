"""``./accounts rebuild``: builds the search index anew, or the projection that it is made from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from embedded.installation import MIGRATIONS
from embedded.patient import Patient, from_environment, in_directory
from embedded.postgres import EmbeddedPostgresError
from embedded.state import StateError
from embedded.up import DATA
from servicekit import logging
from servicekit.bootstrap import Fetch
from servicekit.db.database import Database
from servicekit.db.migrate import newest_version, present_version
from servicekit.feed import FeedPage
from servicekit.feed_client import PAGE
from servicekit.process import worker_id
from servicekit.settings import SettingsError
from services.billing.queries.feeds import accounts_feed, transactions_feed
from services.customers.queries import customers_feed
from services.notes.queries import summaries_feed
from services.search import dirty, status
from services.search.bootstrap_customers import bootstrap_customers
from services.search.bootstrap_others import FEEDS, bootstrap_feed
from services.search.indexer import Indexer
from services.search.rebuild_command import Bar, rebuild_options, run

_LOOK_SECONDS = 0.05
_READ: dict[str, Callable[..., FeedPage]] = {
    "accounts": accounts_feed,
    "transactions": transactions_feed,
    "summaries": summaries_feed,
}


@click.command()
@click.option(
    "--data", default=str(DATA), type=click.Path(file_okay=False), help="The data directory of ./accounts up."
)
@click.option("--projection", is_flag=True, help="Read every customer from the other services again instead.")
@click.option("--status", "only_status", is_flag=True, help="Only say how the index is, as JSON.")
@rebuild_options
def rebuild(data: str, projection: bool, only_status: bool, **options: Any) -> None:
    """Build the search index anew from what search knows of each customer, while everything goes on.

    Whether ./accounts up runs or not. Interrupted, it goes on when it is run again. With CUSTOMERS_DATABASE_URL_APP and
    the like in the environment it is done for those services.
    """
    logging.configure("rebuild", level="error")
    with ExitStack() as stack:
        patient = stack.enter_context(_patient(Path(data).absolute()))
        databases = {
            "app": Database(patient.urls["search"].app, pool_size=4),
            "system": Database(patient.urls["search"].system, pool_size=4),
            **{name: Database(patient.urls[name].system, pool_size=1) for name in ("customers", "billing", "notes")},
        }
        for database in databases.values():
            stack.callback(database.close)
        engine = patient.engine(databases["system"])
        if only_status:
            click.echo(json.dumps(status.document(databases["system"], engine), indent=2))
        elif projection:
            _project(databases)
            _index(databases["system"], Indexer(databases["system"], engine, worker_id()))
        else:
            run(databases["system"], engine, **options)


@contextmanager
def _patient(directory: Path) -> Iterator[Patient]:
    try:
        given = from_environment()
        if given is not None:
            yield _current(given)
            return
        if not directory.exists():
            raise click.ClickException(f"there is no data directory {directory}. Name it with --data.")
        with in_directory(directory) as patient:
            yield _current(patient)
    except (EmbeddedPostgresError, StateError, SettingsError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _current(patient: Patient) -> Patient:
    """The installation, if its database is of this version. Raises click.ClickException."""
    url = patient.urls["search"].migrate  # not every process is given that role
    if url and present_version(url) != newest_version(MIGRATIONS["search"]):
        raise click.ClickException(
            "the database is of another version. Start ./accounts up once: it brings it to this one."
        )
    return patient


def _project(databases: dict[str, Database]) -> None:
    with Bar() as bar:
        everybody = partial(bootstrap_customers, app=databases["app"], afresh=True)
        counts = {
            "customers": everybody(_feed_of(databases["customers"], customers_feed), progress=_shown(bar, "customers"))
        }
        for feed in FEEDS:
            fetch = _feed_of(databases[feed.owner], _READ[feed.name])
            take_in = partial(bootstrap_feed, feed, app=databases["app"], afresh=True)
            counts[feed.name] = take_in(fetch=fetch, progress=_shown(bar, feed.name))
    for name, count in counts.items():
        click.echo(f"{count:,} {name} read.")


def _feed_of(database: Database, read: Callable[..., FeedPage]) -> Fetch:
    def fetch(cursor: str | None) -> FeedPage:
        with database.transaction() as session:
            return read(session, cursor=cursor, limit=PAGE)

    return fetch


def _shown(bar: Bar, what: str) -> Callable[[int], None]:
    return lambda items: bar.at(f"reading {what}", items, None)


def _index(system: Database, indexer: Indexer) -> None:
    """Until the index has what changed, whether another indexer runs or not."""
    done = 0
    with Bar() as bar:
        while True:
            with system.transaction() as session:
                figures = dirty.figures(session)
            left = figures.entries - figures.refused
            bar.at("indexing them", done, done + left)
            if left <= 0:
                return
            cleared = indexer.step()
            done += cleared
            if not cleared:
                time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    rebuild(prog_name="./accounts rebuild")

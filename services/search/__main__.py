"""The service's processes and tasks: ``python -m services.search web | relay | worker | indexer | migrate | …``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from servicekit import logging
from servicekit.adapters import jwt_verifier
from servicekit.commands import ServiceCommands
from servicekit.db.database import Database
from servicekit.db.migrate import migrate as run_migrations
from servicekit.dispatch import Dispatcher
from servicekit.parked_commands import parked_commands
from servicekit.starting import read_with_bar
from servicekit.web.serve import serve
from services.search import rebuild_command, worker
from services.search import status as index_status
from services.search.adapters import choose_engine
from services.search.app import MIGRATIONS, SERVICE, create_app
from services.search.bootstrap_customers import FEED, bootstrap_customers
from services.search.bootstrap_others import FEEDS, bootstrap_feed
from services.search.comparison import all_publishers
from services.search.comparison import compare as compare_index
from services.search.engine.breaker import guarded
from services.search.handlers import QUEUE, SUBSCRIPTIONS
from services.search.settings import Settings
from services.search.sides import Comparison

_PATIENCE_SECONDS = 5.0


@click.group(cls=ServiceCommands)
def main() -> None:
    """Search: finding customers by whatever they can tell."""
    logging.configure(SERVICE)


@main.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads of each process.")
def web(bind: str, workers: int, threads: int) -> None:
    """Answer HTTP requests until told to stop."""
    settings = Settings.from_env()

    def build() -> object:
        database = Database(settings.database.app, pool_size=settings.pool_size)
        return create_app(
            settings,
            database=database,
            engine=guarded(choose_engine(settings, database)),
            verifier=jwt_verifier(identity_url=settings.identity_url, audience=SERVICE, issuer=settings.token_issuer),
        )

    serve(build, bind=bind, workers=workers, threads=threads)


@main.command()
def relay() -> None:
    """Send what this service publishes to the queue until told to stop."""
    worker.run_relay(Settings.from_env())


@main.command("worker")
def run_worker() -> None:
    """Take events from the queue into the projection until told to stop."""
    worker.run_worker(Settings.from_env())


@main.command()
def indexer() -> None:
    """Carry what changed in the projection to the search engine until told to stop."""
    worker.run_indexer(Settings.from_env())


@main.command()
def migrate() -> None:
    """Bring the database to this version; doing it again changes nothing."""
    run_migrations(Settings.from_env().database.migrate, MIGRATIONS)


@main.command()
@click.option("--afresh", is_flag=True, help="Believe the other services even where more was known already.")
def bootstrap(afresh: bool) -> None:
    """Fill the projection from the services that tell of customers, while changes flow.

    Goes on where it was interrupted. Services whose address isn't set are left out, but for the customers' own.
    """
    settings = Settings.from_env()
    database = Database(settings.database.app, pool_size=2)
    owners = settings.owners
    everybody = partial(bootstrap_customers, app=database, afresh=afresh)
    read_with_bar(owners, owner="customers", path=FEED, what="customers", take_in=everybody)
    for feed in FEEDS:
        if owners.urls[feed.owner]:
            take_in = partial(bootstrap_feed, feed, app=database, afresh=afresh)
            read_with_bar(owners, owner=feed.owner, path=feed.path, what=feed.name, take_in=take_in)


@main.command()
@click.argument("publisher_ids", nargs=-1)
def compare(publisher_ids: Sequence[str]) -> None:
    """Compare the index with the projection, of these publishers or all of them. Ends with 1 if they differ."""
    settings = Settings.from_env()
    database = Database(settings.database.app, pool_size=2)
    engine = choose_engine(settings, database)
    result = Comparison()
    for publisher_id in publisher_ids or all_publishers(database, engine):
        result.include(compare_index(database, engine, publisher_id, patience=_PATIENCE_SECONDS))
    click.echo(f"projection: {result.projection}")
    click.echo(f"index:      {result.index}")
    for what, ids in (
        ("not in the index", result.missing),
        ("only in the index", result.unexpected),
        ("different", result.different),
    ):
        for customer_id in ids:
            click.echo(f"{what}: {customer_id}")
    if result.waiting or result.refused:
        click.echo(f"{result.waiting:,} wait to be indexed, {result.refused:,} are refused: see status.")
    if result.differences:
        raise click.ClickException(f"{result.differences:,} differ. Run rebuild, which puts them right.")


@main.command()
@rebuild_command.rebuild_options
def rebuild(**options: Any) -> None:
    """Build the index anew from the projection, while everything goes on. Goes on where it was interrupted."""
    settings = Settings.from_env()
    system = Database(settings.database.system, pool_size=4)
    rebuild_command.run(system, choose_engine(settings, system), **options)


@main.command()
def status() -> None:
    """Say how far the index is behind, what the engine refuses, what could not be handled, and whether the index has to
    be rebuilt, as one JSON object."""
    settings = Settings.from_env()
    system = Database(settings.database.system, pool_size=1)
    click.echo(json.dumps(index_status.document(system, choose_engine(settings, system)), indent=2))


for command in parked_commands(Dispatcher(QUEUE, SUBSCRIPTIONS), lambda: Settings.from_env().database):
    main.add_command(command)


if __name__ == "__main__":
    main()

"""The service's processes and tasks: ``python -m services.notes web | relay | worker | importer | migrate | …``."""

from __future__ import annotations

import click

from servicekit import logging
from servicekit.adapters import jwt_verifier
from servicekit.commands import ServiceCommands
from servicekit.db.database import Database
from servicekit.db.migrate import migrate as run_migrations
from servicekit.dispatch import Dispatcher
from servicekit.parked_commands import parked_commands
from servicekit.starting import bootstrap_command
from servicekit.web.serve import serve
from services.notes import worker
from services.notes.app import MIGRATIONS, SERVICE, create_app
from services.notes.bootstrap_customers import SOURCES
from services.notes.handlers import QUEUE, SUBSCRIPTIONS
from services.notes.settings import Settings


@click.group(cls=ServiceCommands)
def main() -> None:
    """Notes: what staff know about customers."""
    logging.configure(SERVICE)


@main.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads of each process.")
def web(bind: str, workers: int, threads: int) -> None:
    """Answer HTTP requests until told to stop."""
    settings = Settings.from_env()

    def build() -> object:
        return create_app(
            database=Database(settings.database.app, pool_size=settings.pool_size),
            system_database=Database(settings.database.system, pool_size=2),
            verifier=jwt_verifier(identity_url=settings.identity_url, audience=SERVICE, issuer=settings.token_issuer),
        )

    serve(build, bind=bind, workers=workers, threads=threads)


@main.command()
def relay() -> None:
    """Send what this service publishes to the queue until told to stop."""
    worker.run_relay(Settings.from_env())


@main.command("worker")
def run_worker() -> None:
    """Take others' events from the queue until told to stop."""
    worker.run_worker(Settings.from_env())


@main.command("importer")
def run_importer() -> None:
    """Make notes of the rows of files until told to stop."""
    worker.run_importer(Settings.from_env())


@main.command()
def migrate() -> None:
    """Bring the database to this version; doing it again changes nothing."""
    run_migrations(Settings.from_env().database.migrate, MIGRATIONS)


def _app() -> Database:
    return Database(Settings.from_env().database.app, pool_size=2)


# The worker does so by itself when it starts first.
main.add_command(bootstrap_command(lambda: SOURCES, lambda: Settings.from_env().owners, _app))
for command in parked_commands(Dispatcher(QUEUE, SUBSCRIPTIONS), lambda: Settings.from_env().database):
    main.add_command(command)


if __name__ == "__main__":
    main()

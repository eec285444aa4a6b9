"""The service's processes and tasks: ``python -m services.identity web | migrate | create-publisher``."""

from __future__ import annotations

import click

from servicekit import clock, logging
from servicekit.db.database import Database
from servicekit.db.migrate import migrate as run_migrations
from servicekit.web.serve import serve
from services.identity.actions import create_publisher
from services.identity.app import MIGRATIONS, SERVICE, create_app
from services.identity.settings import Settings


@click.group()
def main() -> None:
    """Identity: publishers, staff, API keys, tokens."""
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
            settings,
            database=Database(settings.database.app, pool_size=settings.pool_size),
            system_database=Database(settings.database.system, pool_size=settings.pool_size),
        )

    serve(build, bind=bind, workers=workers, threads=threads)


@main.command()
def migrate() -> None:
    """Bring the database to this version; doing it again changes nothing."""
    run_migrations(Settings.from_env().database.migrate, MIGRATIONS)


@main.command("create-publisher")
@click.option("--name", required=True, help="The publisher's name.")
@click.option("--owner-email", required=True, help="The address its owner signs in with.")
@click.option("--owner-name", required=True, help="The owner's name.")
@click.password_option(help="The owner's password; asked for if absent.")
def create_publisher_command(name: str, owner_email: str, owner_name: str, password: str) -> None:
    """Create a publisher with its owner, and print the publisher's ID."""
    database = Database(Settings.from_env().database.app, pool_size=1)
    with database.transaction() as session:
        owner = create_publisher(
            session, name=name, owner_email=owner_email, owner_name=owner_name, password=password, now=clock.now()
        )
    database.close()
    click.echo(owner.publisher_id)


if __name__ == "__main__":
    main()

"""The service's processes and tasks: ``python -m services.identity web | migrate | create-publisher``."""

from __future__ import annotations

import json
import secrets

import click
from email_validator import EmailNotValidError, validate_email

from servicekit import clock, logging
from servicekit.commands import ServiceCommands
from servicekit.db.database import Database
from servicekit.db.migrate import migrate as run_migrations
from servicekit.web.serve import serve
from services.identity.actions import create_api_key, create_publisher, issue_temporary_password
from services.identity.app import MIGRATIONS, SERVICE, create_app
from services.identity.errors import EmailTaken
from services.identity.password_rules import weakness
from services.identity.queries.staff import staff_by_email
from services.identity.roles import PUBLISHER_SCOPES
from services.identity.settings import Settings


@click.group(cls=ServiceCommands)
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
@click.option("--ask-password", is_flag=True, help="Ask for the owner's password instead of making one up.")
def create_publisher_command(name: str, owner_email: str, owner_name: str, ask_password: bool) -> None:
    """Create a publisher with its owner and a first API key; print how to get in, as one line of JSON.

    Neither the password nor the key can be had again.
    """
    try:
        validate_email(owner_email, check_deliverability=False)
    except EmailNotValidError as error:
        raise click.BadParameter(str(error), param_hint="--owner-email") from error
    password = _ask_password(owner_email, owner_name) if ask_password else secrets.token_urlsafe(15)
    database = Database(Settings.from_env().database.app, pool_size=1)
    now = clock.now()
    try:
        with database.transaction() as session:
            owner = create_publisher(
                session, name=name, owner_email=owner_email, owner_name=owner_name, password=password, now=now
            )
            _key, api_key = create_api_key(
                session,
                publisher_id=owner.publisher_id,
                name="First key",
                scopes=PUBLISHER_SCOPES,
                grantable=frozenset(PUBLISHER_SCOPES),
                created_by=owner.id,
                now=now,
            )
    except EmailTaken as error:
        raise click.ClickException(str(error)) from error
    finally:
        database.close()
    made = {"publisher_id": owner.publisher_id, "email": owner.email, "api_key": api_key}
    click.echo(json.dumps(made if ask_password else {**made, "password": password}))


@main.command("reset-password")
@click.option("--email", required=True, help="The address the staff member signs in with.")
def reset_password_command(email: str) -> None:
    """Give a staff member, the owner too, a temporary password, and print it as one line of JSON.

    All their sessions end. It can't be had again, and must be changed at the first sign-in.
    """
    settings = Settings.from_env()
    database = Database(settings.database.app, pool_size=1)
    system_database = Database(settings.database.system, pool_size=1)
    try:
        with system_database.transaction() as session:
            member = staff_by_email(session, email)
        if member is None:
            raise click.ClickException("Nobody who is active signs in with this email address.")
        with database.transaction(member.publisher_id) as session:
            password = issue_temporary_password(session, publisher_id=member.publisher_id, staff_id=member.id)
    finally:
        database.close()
        system_database.close()
    click.echo(json.dumps({"email": member.email, "temporary_password": password}))


def _ask_password(*about: str) -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    weak = weakness(password, about=about)
    if weak is not None:
        raise click.ClickException(f"This password won't do. {weak}")
    return password


if __name__ == "__main__":
    main()

"""The service's processes and tasks: ``python -m services.notifications web | relay | worker | sender | …``."""

from __future__ import annotations

import click
import httpx2

from servicekit import logging
from servicekit.adapters import jwt_verifier
from servicekit.auth.service_token import ServiceAuth, ServiceTokens, from_identity
from servicekit.commands import ServiceCommands
from servicekit.db.database import Database
from servicekit.db.migrate import migrate as run_migrations
from servicekit.dispatch import Dispatcher
from servicekit.parked_commands import parked_commands
from servicekit.starting import bootstrap_command
from servicekit.web.serve import serve
from services.notifications import worker
from services.notifications.app import MIGRATIONS, SERVICE, create_app
from services.notifications.handlers import QUEUE, subscriptions
from services.notifications.invoice_desk import HttpInvoiceDesk, InvoiceDesk
from services.notifications.settings import Settings
from services.notifications.starting import sources


@click.group(cls=ServiceCommands)
def main() -> None:
    """Notifications: what customers are written, and what became of it."""
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
            verifier=jwt_verifier(identity_url=settings.identity_url, audience=SERVICE, issuer=settings.token_issuer),
            invoices=invoice_desk(settings),
        )

    serve(build, bind=bind, workers=workers, threads=threads)


def invoice_desk(settings: Settings) -> InvoiceDesk:
    """Billing at its address, asked with a token of our own."""
    issue = from_identity(
        settings.identity_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        audience="billing",
    )
    auth = ServiceAuth(ServiceTokens(issue))
    return HttpInvoiceDesk(httpx2.Client(base_url=settings.billing_url, auth=auth, timeout=5.0))


@main.command()
def relay() -> None:
    """Send what this service publishes to the queue until told to stop."""
    worker.run_relay(Settings.from_env())


@main.command("worker")
def run_worker() -> None:
    """Take others' events from the queue, and write mails, until told to stop."""
    worker.run_worker(Settings.from_env())


@main.command()
def sender() -> None:
    """Hand mails to the mail server, and read the mailbox to which they come back, until told to stop."""
    worker.run_sender(Settings.from_env())


@main.command()
def scheduler() -> None:
    """Write what is due by the calendar until told to stop."""
    worker.run_scheduler(Settings.from_env())


@main.command()
def migrate() -> None:
    """Bring the database to this version; doing it again changes nothing."""
    run_migrations(Settings.from_env().database.migrate, MIGRATIONS)


def _app() -> Database:
    return Database(Settings.from_env().database.app, pool_size=2)


def _dispatcher() -> Dispatcher:
    """As the worker's: what is replayed is mailed from whom the operator has set."""
    return Dispatcher(QUEUE, subscriptions(Settings.from_env().mail))


# The worker does so by itself when it starts first.
main.add_command(bootstrap_command(lambda: sources(Settings.from_env().mail), lambda: Settings.from_env().owners, _app))
for command in parked_commands(_dispatcher, lambda: Settings.from_env().database):
    main.add_command(command)


if __name__ == "__main__":
    main()

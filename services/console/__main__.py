"""The service's process: ``python -m services.console web``."""

from __future__ import annotations

import click

from servicekit import logging
from servicekit.commands import ServiceCommands
from servicekit.web.serve import serve
from services.console.app import SERVICE, create_console
from services.console.settings import Settings


@click.group(cls=ServiceCommands)
def main() -> None:
    """The web console."""
    logging.configure(SERVICE)


@main.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads of each process.")
def web(bind: str, workers: int, threads: int) -> None:
    """Answer browsers until told to stop."""
    settings = Settings.from_env()
    serve(lambda: create_console(settings), bind=bind, workers=workers, threads=threads)


if __name__ == "__main__":
    main()

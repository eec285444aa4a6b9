"""``./accounts up``: the whole product in one process, with PostgreSQL beside it and nothing else."""

from __future__ import annotations

import logging
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from embedded.postgres_errors import EmbeddedPostgresError
from embedded.state import StateError

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


class Refused(click.ClickException):
    """It can't start; the message says why and what to do."""

    def show(self, file: Any = None) -> None:
        """Print the message as the command's own."""
        click.echo(f"accounts: {self.message}", err=True)


@click.command()
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Where it listens.")
@click.option("--data", default=str(DATA), type=click.Path(file_okay=False), help="Where it keeps its data.")
@click.option(
    "--demo", default=100, show_default=True, type=click.IntRange(0), help="Demo customers at the first start."
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON once it answers.")
def up(port: int, data: str, demo: int, as_json: bool) -> None:
    """Run the whole product: prints the address, a staff sign-in and an API key; Ctrl-C stops it."""
    if not data:
        raise click.BadParameter("name a directory", param_hint="--data")
    directory = Path(data).absolute()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    listener = _listen(port)
    try:
        # Only now, because it takes a second, and Ctrl-C in it is to end quietly too.
        from embedded.product import run_product

        run_product(directory, listener, demo=demo, as_json=as_json)
    except (EmbeddedPostgresError, StateError) as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{error.strerror}: {error.filename or directory}") from None
    finally:
        listener.close()


def _listen(port: int) -> socket.socket:
    """The port, taken before anything else is started. Raises Refused."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise Refused(f"port {port} can't be used ({error.strerror}). Choose another one with --port.") from None
    return listener


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """End a start that isn't complete; the next one completes it."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    logging.captureWarnings(True)
    up(prog_name="./accounts up")

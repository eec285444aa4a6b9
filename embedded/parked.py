"""``./accounts parked``: the messages of an installation that could not be handled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from embedded.patient import HOW_TO_MAKE_ONE, Patient, from_environment, in_directory
from embedded.postgres_errors import EmbeddedPostgresError
from embedded.state import StateError
from embedded.up import DATA, Refused
from servicekit.dispatch import Dispatcher
from servicekit.parked_commands import ParkedBy, drop_or_fail, parked_by, replay_or_fail, show_parked
from services.customers import handlers as customers_handlers
from services.notes import handlers as notes_handlers
from services.notifications import handlers as notifications_handlers
from services.search import handlers as search_handlers

_CONSUMERS = (customers_handlers, notes_handlers, search_handlers, notifications_handlers)


@click.group()
@click.option(
    "--data", default=str(DATA), type=click.Path(file_okay=False), help="The data directory of ./accounts up."
)
@click.pass_context
def parked(context: click.Context, data: str) -> None:
    """What to do about messages that could not be handled.

    With CUSTOMERS_DATABASE_URL_APP and the like in the environment it is about those services, else about the data
    directory of ./accounts up, whether it runs or not.
    """
    context.obj = Path(data).absolute()


@parked.command("list")
@click.pass_obj
def show(directory: Path) -> None:
    """Say which they are, and why they could not be handled; nothing of their content."""
    with _consumers(directory) as consumers:
        show_parked(consumers)


@parked.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.pass_obj
def replay(directory: Path, ids: tuple[str, ...]) -> None:
    """Have them handled: all, or those named. Ends with 1 if one still can't be."""
    with _consumers(directory) as consumers:
        replay_or_fail(consumers, ids)


@parked.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def drop(directory: Path, ids: tuple[str, ...]) -> None:
    """Delete these for good: what they tell is never taken in."""
    with _consumers(directory) as consumers:
        drop_or_fail(consumers, ids)


@contextmanager
def _consumers(directory: Path) -> Iterator[list[ParkedBy]]:
    """Every consumer of the installation. Raises Refused."""
    try:
        with ExitStack() as stack:
            patient = from_environment() or stack.enter_context(_existing(directory))
            yield [
                stack.enter_context(
                    parked_by(Dispatcher(handlers.QUEUE, handlers.SUBSCRIPTIONS), patient.urls[handlers.QUEUE])
                )
                for handlers in _CONSUMERS
            ]
    except (EmbeddedPostgresError, StateError, OSError) as error:
        raise Refused(str(error)) from None
    except OperationalError as error:
        raise Refused(f"the database is in trouble, try again later: {error.orig}") from None


@contextmanager
def _existing(directory: Path) -> Iterator[Patient]:
    if not directory.exists():
        raise Refused(f"there is no data directory {directory}. {HOW_TO_MAKE_ONE}")
    with in_directory(directory) as patient:
        yield patient


if __name__ == "__main__":
    parked(prog_name="./accounts parked")

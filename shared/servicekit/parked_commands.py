"""What an operator does about parked messages: see them, have them handled after a fix, give them up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import click

from servicekit.clock import rfc3339
from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls
from servicekit.dispatch import Dispatcher
from servicekit.parking import Parked, count_parked, drop_parked, list_parked
from servicekit.replaying import replay_parked
from servicekit.settings import SettingsError
from servicekit.subscriptions import Erasure, Subscription

_MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class ParkedBy:
    """A consumer, and the databases in which it parks."""

    dispatcher: Dispatcher
    app: Database
    system: Database


@contextmanager
def parked_by(dispatcher: Dispatcher, urls: DatabaseUrls) -> Iterator[ParkedBy]:
    """The consumer with its databases. Raises SettingsError."""
    if not urls.app or not urls.system:
        raise SettingsError("the database's addresses for the roles app and system are both needed")
    app, system = Database(urls.app, pool_size=1), Database(urls.system, pool_size=1)
    try:
        yield ParkedBy(dispatcher, app, system)
    finally:
        app.close()
        system.close()


def parked_commands(
    dispatcher: Dispatcher | Callable[[], Dispatcher], urls: Callable[[], DatabaseUrls]
) -> list[click.Command]:
    """``list-parked``, ``replay-parked`` and ``drop-parked``, for the command line of the consumer's service.

    ``dispatcher`` is asked for when a command runs where its handlers go by what the environment says.
    """

    def consuming() -> AbstractContextManager[ParkedBy]:
        return parked_by(dispatcher if isinstance(dispatcher, Dispatcher) else dispatcher(), urls())

    @click.command("list-parked")
    def show() -> None:
        """Say which messages could not be handled, and why; nothing of their content."""
        with consuming() as consumer:
            show_parked([consumer])

    @click.command("replay-parked")
    @click.argument("ids", nargs=-1, metavar="[ID]...")
    def replay(ids: tuple[str, ...]) -> None:
        """Have parked messages handled: all, or those named. Ends with 1 if one still can't be."""
        with consuming() as consumer:
            replay_or_fail([consumer], ids)

    @click.command("drop-parked")
    @click.argument("ids", nargs=-1, required=True, metavar="ID...")
    def drop(ids: tuple[str, ...]) -> None:
        """Delete these parked messages for good: what they tell is never taken in."""
        with consuming() as consumer:
            drop_or_fail([consumer], ids)

    return [show, replay, drop]


def show_parked(consumers: Sequence[ParkedBy]) -> None:
    """Print what is parked, the oldest first."""
    total = 0
    for consumer in consumers:
        with consumer.system.transaction() as session:
            count = count_parked(session).get(consumer.dispatcher.name, 0)
            parked = list_parked(session, consumer.dispatcher.name, limit=_MOST_LISTED)
        for message in parked:
            told = [message.type, message.subject, message.publisher_id]
            click.echo("  ".join([message.id, rfc3339(message.parked_at), *(word or "-" for word in told)]))
            click.echo(f"    {message.reason}")
        if count > len(parked):
            click.echo(f"(the first {len(parked):,} of {count:,})")
        total += count
    click.echo(f"{total:,} parked.")


def replay_or_fail(consumers: Sequence[ParkedBy], ids: Sequence[str]) -> None:
    """Replay what is parked (all, or ``ids``) and print what became of it. Raises click.ClickException if not all of it
    could be handled."""
    _check(consumers, ids)
    handled, still = 0, 0
    for consumer in consumers:
        replayed = replay_parked(consumer.dispatcher, app=consumer.app, system=consumer.system, ids=ids or None)
        handled, still = handled + len(replayed.done), still + len(replayed.failed)
        for row_id in replayed.done:
            click.echo(f"{row_id}  handled")
        for row_id, reason in replayed.failed.items():
            click.echo(f"{row_id}  still can't be handled: {reason}")
    click.echo(f"{handled:,} handled.")
    if still:
        raise click.ClickException(f"{still:,} still can't be handled and stay parked.")


def drop_or_fail(consumers: Sequence[ParkedBy], ids: Sequence[str]) -> None:
    """Delete these, and say so. Raises click.ClickException, before anything is done, if one isn't there or tells of an
    erasure."""
    for message, kind in _check(consumers, ids):
        if isinstance(kind, Erasure):
            raise click.ClickException(f"{message.id} tells of an erasure ({message.type}), so it has to be replayed.")
    for consumer in consumers:
        with consumer.system.transaction() as session:
            gone = drop_parked(session, consumer=consumer.dispatcher.name, ids=ids)
        for row_id in gone:
            click.echo(f"{row_id}  dropped")


def _check(consumers: Sequence[ParkedBy], ids: Sequence[str]) -> list[tuple[Parked, Subscription | None]]:
    """What ``ids`` are. Raises click.ClickException if one isn't there."""
    found: list[tuple[Parked, Subscription | None]] = []
    for consumer in consumers:
        with consumer.system.transaction() as session:
            parked = list_parked(session, consumer.dispatcher.name, ids=ids, limit=len(ids))
        found += [(message, consumer.dispatcher.subscriptions.get(message.type or "")) for message in parked]
    unknown = set(ids) - {message.id for message, _kind in found}
    if unknown:
        raise click.ClickException(f"not parked here: {', '.join(sorted(unknown))}")
    return found

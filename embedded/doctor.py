"""``./accounts doctor``: says in plain words what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from embedded.doctor_billing import examine_billing
from embedded.doctor_search import LONG_SECONDS, examine_search
from embedded.first_start import has_staff
from embedded.installation import MIGRATIONS
from embedded.patient import HOW_TO_MAKE_ONE, Finding, Patient, from_environment, in_directory
from embedded.postgres import EmbeddedPostgresError
from embedded.state import DatabaseMissing, StateError, read_credentials
from embedded.up import DATA
from servicekit.db.database import Database
from servicekit.db.migrate import newest_version, present_version
from servicekit.db.roles import DatabaseUrls
from servicekit.parking import count_parked
from servicekit.relay import outbox_status

PUBLISHING = ("customers", "billing", "notes", "search", "notifications")
_LITTLE_SPACE = 1_000_000_000


@click.command()
@click.option(
    "--data", default=str(DATA), type=click.Path(file_okay=False), help="The data directory of ./accounts up."
)
@click.option("--quick", is_flag=True, help="Compare numbers and versions of customers only, not every field.")
def doctor(data: str, quick: bool) -> None:
    """Look at an installation; ends with 1 if something is wrong.

    With CUSTOMERS_DATABASE_URL_APP and the like in the environment it looks at those services, else at the data
    directory of ./accounts up, whether it runs or not.
    """
    wrong = 0
    for finding in examine(Path(data).absolute(), quick=quick):
        click.echo(f"{'ok      ' if finding.well else 'PROBLEM '} {finding.what}")
        if not finding.well:
            wrong += 1
            click.echo(f"         {finding.remedy}")
    click.echo("Nothing is wrong." if not wrong else f"{wrong} problem{'s' if wrong > 1 else ''}.")
    sys.exit(1 if wrong else 0)


def examine(directory: Path, *, quick: bool = False) -> Iterator[Finding]:
    """Everything that can be looked at, one after the other; what depends on something broken is left out."""
    given = from_environment()
    if given is not None:
        yield from examine_services(replace(given, quick=quick))
        return
    if not directory.exists():
        yield Finding(False, f"there is no data directory {directory}", HOW_TO_MAKE_ONE)
        return
    yield from examine_directory(directory)
    try:
        with in_directory(directory) as patient:
            yield from examine_services(replace(patient, quick=quick))
            _check_owner(directory, patient.urls["identity"])
    except DatabaseMissing as error:
        yield Finding(False, str(error), "Until then ./accounts up doesn't start.")
    except (EmbeddedPostgresError, StateError, OSError) as error:
        yield Finding(False, f"the database can't be started: {error}", "The message says what to do.")


def examine_directory(directory: Path) -> Iterator[Finding]:
    """The data directory itself."""
    free = shutil.disk_usage(directory).free
    yield Finding(
        free > _LITTLE_SPACE,
        f"{free / 1e9:.1f} GB are free where {directory} is",
        "Make room: with a full disk every write is refused (nothing acknowledged is lost).",
    )
    if not (directory / "secret").exists():
        yield Finding(
            False, f"{directory / 'secret'} is missing", "Put it back from a backup: passwords are made from it."
        )
    for name in ("secret", "credentials"):
        path = directory / name
        if path.exists() and path.stat().st_mode & 0o077:
            yield Finding(False, f"others can read {path}", f"Run: chmod 600 {path}")
    try:
        present = read_credentials(directory) is not None
        yield Finding(
            present,
            "the first start was completed" if present else "the first start was not completed",
            "Run ./accounts up.",
        )
    except StateError as error:
        yield Finding(False, str(error), "Then run ./accounts up.")


def _check_owner(directory: Path, urls: DatabaseUrls) -> None:
    """Whether the credentials can belong to this database. Raises DatabaseMissing."""
    if read_credentials(directory) is None:
        return
    identity = Database(urls.system, pool_size=1)
    try:
        if not has_staff(identity):
            raise DatabaseMissing(directory, "it has no publisher")
    except SQLAlchemyError:
        return  # that it can't be reached was told
    finally:
        identity.close()


def examine_services(patient: Patient) -> Iterator[Finding]:
    """Databases, events on their way, and whether search has everything."""
    reachable = True
    for service, urls in patient.urls.items():
        for finding in _examine_database(service, urls):
            reachable = reachable and finding.well
            yield finding
    if not reachable:
        return
    for service in PUBLISHING:
        system = Database(patient.urls[service].system, pool_size=1)
        yield from _examine_events(service, system, patient.parked_commands(service))
        if service == "billing":
            yield from examine_billing(system)
        system.close()
    yield from examine_search(patient)


def _examine_database(service: str, urls: DatabaseUrls) -> Iterator[Finding]:
    for role in ("app", "system"):
        database = Database(getattr(urls, role), pool_size=1)
        try:
            database.ping()
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what is to be told
            yield Finding(
                False,
                f"{service}: its database can't be reached as the role {role} ({type(error).__name__})",
                "Is PostgreSQL up, and are address and password right? ./accounts up makes databases and roles.",
            )
            return
        finally:
            database.close()
    expected = newest_version(MIGRATIONS[service])
    present = present_version(urls.migrate) if urls.migrate else expected  # not every process is given that role
    yield Finding(
        present == expected,
        f"{service}: the database is at version {present}" + ("" if present == expected else f", not {expected}"),
        f"Run: python -m services.{service} migrate",
    )


def _examine_events(service: str, system: Database, parked_commands: tuple[str, str]) -> Iterator[Finding]:
    with system.transaction() as session:
        outbox, parked = outbox_status(session), count_parked(session)
    see, replay = parked_commands
    yield Finding(
        outbox.oldest_seconds < LONG_SECONDS,
        f"{service}: {outbox.waiting} events wait to be sent, the oldest for {outbox.oldest_seconds:.0f} s",
        "Is a relay running, and RabbitMQ up? Nothing is lost meanwhile.",
    )
    if outbox.unroutable:
        yield Finding(
            False,
            f"{service}: {outbox.unroutable} events are held, because no queue takes them or one before them",
            "A queue or binding is missing: declare the topology (python -m servicekit.bus.declare), and they leave.",
        )
    for consumer, count in parked.items():
        yield Finding(
            False,
            f"{service}: {count} messages could not be handled and are parked (consumer {consumer})",
            f"{see} says which and why; once that is mended, {replay} has them handled.",
        )


if __name__ == "__main__":
    doctor(prog_name="./accounts doctor")

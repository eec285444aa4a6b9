"""What ./accounts doctor says of search: customers service, billing, projection and index, compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from embedded import owners_billing
from embedded.owners import Kind, Ownership, compare_owner
from embedded.owners_billing import NOUNS, compare_billing
from embedded.patient import Finding, Patient
from servicekit.db.database import Database
from servicekit.settings import SettingsError
from services.search import dirty, queries, rebuild_state
from services.search.comparison import all_publishers, compare
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.port import Engine
from services.search.sides import Comparison
from services.search.status import made_with

LONG_SECONDS = 60
"""Work that waits for longer is a problem."""
_LOOK_SECONDS = 0.25


def examine_search(patient: Patient) -> Iterator[Finding]:
    """What waits, what is refused, and who is missing or different where."""
    app = Database(patient.urls["search"].app, pool_size=2)
    system = Database(patient.urls["search"].system, pool_size=1)
    owner = Database(patient.urls["customers"].system, pool_size=1)
    billing = Database(patient.urls["billing"].system, pool_size=1)
    try:
        yield from _examine_work(patient, system)
        with _progress("customers") as progress:
            ownership = compare_owner(owner, app, quick=patient.quick, patience=patient.patience, progress=progress)
        yield from _tell_ownership(patient, ownership)
        yield from _examine_billing(patient, billing, app)
        yield from _examine_index(patient, app, ownership.projected)
    finally:
        for database in (app, system, owner, billing):
            database.close()


def _examine_work(patient: Patient, system: Database) -> Iterator[Finding]:
    with system.transaction() as session:
        figures, refused = dirty.figures(session), dirty.refused(session, limit=10)
        rebuild = rebuild_state.look(session)
    yield Finding(
        figures.oldest_seconds < LONG_SECONDS,
        f"search: {figures.entries} customers wait to be indexed, the oldest for {figures.oldest_seconds:.0f} s",
        "Is an indexer running, and the search engine up?",
    )
    if figures.refused:
        named = ", ".join(customer_id for _publisher_id, customer_id, _reason in refused)
        yield Finding(
            False,
            f"search: the engine refuses {figures.refused} customers: {named}",
            f"For the reasons run: {patient.remedies.status}",
        )
    if rebuild is not None:
        yield Finding(
            rebuild.held,
            f"search: the index is being rebuilt ({rebuild.step}, {rebuild.written:,} customers written)"
            if rebuild.held
            else f"search: a rebuild of the index was interrupted while {rebuild.step}",
            f"Run: {patient.remedies.rebuild} (it goes on), or with --abort, which gives it up.",
        )


def _tell_ownership(patient: Patient, found: Ownership) -> Iterator[Finding]:
    yield Finding(
        not found.wrong,
        f"search: knows {found.projected:,} of {found.owned:,} customers"
        + ("" if found.wrong else ", " + ("by number and version" if patient.quick else "all as they are now")),
        "Who is wrong, and what to do, follows.",
    )
    for kind in Kind:
        if kind in found.wrong:
            wrong = found.wrong[kind]
            what = f"search: {wrong.count:,} customers {kind.value}: {_named(wrong.named, wrong.count)}"
            yield Finding(False, what, _remedy(patient, kind))


def _examine_billing(patient: Patient, billing: Database, app: Database) -> Iterator[Finding]:
    for noun in NOUNS:
        with _progress(noun.name) as progress:
            found = compare_billing(
                billing, app, noun, quick=patient.quick, patience=patient.patience, progress=progress
            )
        more = found.projected - found.owned
        yield Finding(
            not found.wrong and not more,
            f"search: knows {found.projected:,} of {found.owned:,} {noun.name}"
            + ("" if found.wrong or more else ", " + ("by number" if patient.quick else "all as they are now")),
            f"If events are still on their way this passes by itself; else run: {patient.remedies.bootstrap}"
            if more <= 0
            else f"Was billing's database restored from a backup? Then run: {patient.remedies.afresh}",
        )
        for kind, count in found.wrong.items():
            what = f"search: {count:,} {noun.name} {kind.value}: {_named(found.named[kind], count)}"
            yield Finding(False, what, _remedy_of_told(patient, kind))


def _remedy_of_told(patient: Patient, kind: owners_billing.Kind) -> str:
    if kind in (owners_billing.Kind.MISSING, owners_billing.Kind.OLDER, owners_billing.Kind.NOT_ERASED):
        return f"If events are still on their way this passes by itself; else run: {patient.remedies.bootstrap}"
    if kind is owners_billing.Kind.ONLY_ERASED:
        return "What was erased isn't brought back. Was billing's database restored from a backup?"
    return f"Run: {patient.remedies.afresh}"


def _remedy(patient: Patient, kind: Kind) -> str:
    if kind in (Kind.MISSING, Kind.OLDER, Kind.NOT_ERASED):
        return f"If events are still on their way this passes by itself; else run: {patient.remedies.bootstrap}"
    if kind is Kind.ONLY_ERASED:
        return "Anonymize them again: what was erased isn't brought back. Was the customers' database restored?"
    if kind is Kind.DIFFERENT:
        return f"Run: {patient.remedies.afresh}"
    return f"Was the customers' database restored from a backup? Then run: {patient.remedies.afresh}"


def _examine_index(patient: Patient, app: Database, customers: int) -> Iterator[Finding]:
    try:
        engine = patient.engine(app)
        engine.ping()
        made = made_with(engine)
        with _progress("index", customers) as progress:
            differences = (_count if patient.quick else _compare)(patient, app, engine, progress)
    except (EngineUnavailable, EngineRefused, SettingsError) as error:
        yield Finding(
            False,
            f"search: the engine doesn't answer ({error})",
            "Start it; until then IDs and email addresses are found, anything else is not, and nothing is lost.",
        )
        return
    yield Finding(not made.outdated, f"search: {made}", f"Run: {patient.remedies.rebuild}")
    for publisher_id, found in differences.items():
        yield Finding(
            False,
            f"search: {found.differences:,} customers of {publisher_id} are not in the index as they should be"
            + (f": {_named(found.named, found.differences)}" if found.named else ""),
            f"Run: {patient.remedies.rebuild}",
        )
    if not differences:
        how = "as many customers as it should" if patient.quick else "every customer as it should"
        yield Finding(True, f"search: the index has {how}")


def _compare(patient: Patient, app: Database, engine: Engine, progress: Callable[[int], None]) -> dict[str, Comparison]:
    """The publishers of whom the index isn't as it should, apart from what still waits."""
    engine.refresh()
    everything, found = Comparison(), {}
    for publisher_id in all_publishers(app, engine):
        before = everything.projection.customers + everything.projection.tombstones
        further = partial(_after, progress, before)
        comparison = compare(app, engine, publisher_id, patience=patient.patience, progress=further)
        everything.include(comparison)
        if comparison.differences:
            found[publisher_id] = comparison
    return found


def _count(patient: Patient, app: Database, engine: Engine, progress: Callable[[int], None]) -> dict[str, Comparison]:
    """The publishers of whom the index has more or fewer customers than it should."""
    found, done = {}, 0
    for publisher_id in all_publishers(app, engine):
        deadline = time.monotonic() + patient.patience
        while True:
            with queries.reading(app) as connection:
                due = queries.findable(connection, publisher_id)
            differences = abs(due - engine.count(publisher_id))
            if not differences or time.monotonic() >= deadline:
                break
            time.sleep(_LOOK_SECONDS)
        done += due
        progress(done)
        if differences:
            found[publisher_id] = Comparison(differences=differences)
    return found


@contextmanager
def _progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, which goes when it is done."""
    columns = (TextColumn(f"comparing: {what}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def _after(progress: Callable[[int], None], before: int, more: int) -> None:
    progress(before + more)


def _named(ids: list[str], count: int) -> str:
    return ", ".join(ids) + (" …" if count > len(ids) else "")

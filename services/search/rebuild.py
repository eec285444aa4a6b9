"""Building the index anew from the projection, while searches, changes and erasures go on.

A new index is created and added to those that every write goes to; filled from the projection in key order; compared
with it; put in service in one step; the one before is dropped. What is committed before the new index is written to is
in the projection when it is filled; what is committed after is marked, and a mark goes only when every index has it.
Killed anywhere, the next run goes on. An engine that has one index does the same in place.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from servicekit.db.database import Database
from services.search import rebuild_state
from services.search.engine.port import Engine
from services.search.rebuild_hold import Hold, Running, obtain
from services.search.rebuild_state import Rebuild, Step, TakenOver
from services.search.rebuild_work import Options, Quiet, RebuildFailed, Watcher, Work
from services.search.sides import Comparison
from services.search.text import NORMALIZER_VERSION

__all__ = ["Options", "RebuildFailed", "Rebuilt", "Running", "TakenOver", "Watcher", "give_up", "rebuild"]

_log = structlog.get_logger("rebuild")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What is in service now: ``target``. ``kept``: the indices before, if they are still there. ``mended``: how many
    customers were put right after filling. ``comparison`` is None if it was made by an earlier run."""

    target: str
    kept: Sequence[str]
    comparison: Comparison | None
    mended: int
    seconds: float


def rebuild(
    database: Database, engine: Engine, holder: str, *, options: Options | None = None, watcher: Watcher | None = None
) -> Rebuilt:
    """Rebuild the index, or go on with what was interrupted. ``database`` acts as the role ``system``; ``holder`` names
    this process.

    Raises Running, TakenOver, RebuildFailed, EngineUnavailable.
    """
    options, watcher = options or Options(), watcher or Quiet()
    began = time.monotonic()
    engine.ensure()
    while True:
        resumed = obtain(database, holder, partial(_begin, database, engine, holder))
        with Hold(database, holder, patience=options.patience, waits=watcher.say) as hold:
            present = _present(database)
            if resumed:
                watcher.say(f"Going on with a rebuild that was interrupted while {present.step}.")
                if present.revocable and present.normalizer != NORMALIZER_VERSION:
                    watcher.say("It was of another version, so it is begun anew.")
                    _undo(database, engine, holder, present)
                    continue
                present = _with_its_index(database, engine, holder, present)
            work = Work(database, engine, holder, hold, options, watcher, present)
            kept = work.run()
        # An interrupted one of another version was just finished: the one that was asked for comes now.
        if present.normalizer == NORMALIZER_VERSION:
            break
    seconds = time.monotonic() - began
    _log.info("index_rebuilt", target=present.target, seconds=round(seconds, 1), mended=work.mended)
    return Rebuilt(present.target, kept, work.comparison, work.mended, seconds)


def give_up(database: Database, engine: Engine, holder: str) -> str | None:
    """Undo a rebuild that was interrupted; the name of its index, None if there is no rebuild.

    Raises Running; RebuildFailed if the new index is in service, or about to be.
    """
    with database.transaction() as session:
        if rebuild_state.look(session) is None:
            return None
    obtain(database, holder, lambda: True)
    with database.transaction() as session:
        present = rebuild_state.look(session)
    if present is None:
        return None
    if not present.revocable:
        raise RebuildFailed("The new index is complete, or in service already: run rebuild again, which finishes it.")
    _undo(database, engine, holder, present)
    return present.target


def _begin(database: Database, engine: Engine, holder: str) -> bool:
    target = engine.indices.next_name()
    retired = [name for name in engine.indices.in_service() if name != target]
    with database.transaction() as session:
        return rebuild_state.begin(session, holder, target=target, normalizer=NORMALIZER_VERSION, retired=retired)


def _present(database: Database) -> Rebuild:
    with database.transaction() as session:
        present = rebuild_state.look(session)
    if present is None:
        raise TakenOver
    return present


def _with_its_index(database: Database, engine: Engine, holder: str, present: Rebuild) -> Rebuild:
    """The rebuild, from its beginning if its index is gone."""
    there = {*engine.indices.in_service(), *engine.indices.spare()}
    if present.step is Step.CREATING or present.target in there:
        return present
    with database.transaction() as session:
        rebuild_state.restart(session, holder)
    return _present(database)


def _undo(database: Database, engine: Engine, holder: str, present: Rebuild) -> None:
    with database.transaction() as session:
        rebuild_state.renew(session, holder)
        rebuild_state.remove_target(session, present.target)
    # Only now: until then what is written is meant for it.
    if present.target not in engine.indices.in_service():
        engine.indices.drop(present.target)
    with database.transaction() as session:
        rebuild_state.end(session, holder)

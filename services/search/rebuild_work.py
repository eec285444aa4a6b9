"""The steps of a rebuild. Each may be begun again: a killed one is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import Session

from servicekit import faults
from servicekit.db.database import Database
from services.search import overtaking, publishers, queries, rebuild_state
from services.search.comparison import all_publishers, compare
from services.search.dirty import Claimed
from services.search.engine.port import Engine, Outcome
from services.search.filling import EngineRefuses, Filler
from services.search.indexer import Indexer
from services.search.rebuild_hold import Hold
from services.search.rebuild_state import Rebuild, Step
from services.search.sides import Comparison, Look

T = TypeVar("T")

_LOOK_SECONDS = 0.05
_NAMED = 10


class RebuildFailed(Exception):
    """It can't be done as things are; what is in service stays there. The message says what to do."""


class Watcher(Protocol):
    """Whoever is told how it goes."""

    def at(self, stage: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` customers (or changes, or words) are through this stage."""

    def say(self, message: str) -> None:
        """Something worth knowing; the same may come many times."""


class Quiet:
    """Nobody is told."""

    def at(self, stage: str, done: int, total: int | None) -> None:
        """Nothing."""

    def say(self, message: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``batch``: customers at once. ``rate``: customers a second at most, 0 for as fast as it goes. ``keep_old``: don't
    drop the index before. ``accept_refused``: go on without those whom the engine refuses. ``patience``: seconds for
    which engine or database may be away, or nothing gets on."""

    batch: int = 500
    rate: float = 0.0
    keep_old: bool = False
    accept_refused: bool = False
    patience: float = 600.0


@dataclass
class Work:
    """A rebuild that this process holds. ``mended``: how many customers were put right after filling."""

    database: Database
    engine: Engine
    holder: str
    hold: Hold
    options: Options
    watcher: Watcher
    present: Rebuild
    comparison: Comparison | None = None
    mended: int = 0
    _refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._indexer = Indexer(self.database, self.engine, f"{self.holder}-rebuild", batch=self.options.batch)
        self._filler = Filler(
            database=self.database,
            engine=self.engine,
            target=self.present.target,
            holder=self.holder,
            hold=self.hold,
            batch=self.options.batch,
            rate=self.options.rate,
            meanwhile=partial(self.hold.until_done, self._indexer.step),
        )

    def run(self) -> Sequence[str]:
        """Do what is left to be done; the old indices that are still there."""
        steps = {
            Step.CREATING: self._create,
            Step.FILLING: self._fill,
            Step.CHECKING: self._check,
            Step.PROMOTING: self._promote,
            Step.RETIRING: self._retire,
        }
        order = list(steps)
        for step in order[order.index(self.present.step) :]:
            faults.reach(f"rebuild:{step}")
            self.watcher.at(step, 0, None)
            steps[step]()
        return self.present.retired if self.options.keep_old else ()

    def _create(self) -> None:
        target, normalizer = self.present.target, self.present.normalizer
        self.hold.until_done(partial(self.engine.indices.create, target))
        faults.reach("rebuild:created")
        self._transaction(rebuild_state.add_target, holder=self.holder, name=target, normalizer=normalizer)

    def _fill(self) -> None:
        total = self._total()
        try:
            self._filler.fill(
                self.present.position, self.present.written, lambda done: self.watcher.at(Step.FILLING, done, total)
            )
        except EngineRefuses as error:
            raise RebuildFailed(f"The engine refuses most customers, so the new index is of no use: {error}") from None
        self._transaction(rebuild_state.note_step, holder=self.holder, step=Step.CHECKING)

    def _check(self) -> None:
        self._catch_up()
        self.hold.until_done(self._tidy)
        target = self.present.target
        self.hold.until_done(partial(self.engine.indices.refresh, target))
        comparison, total = Comparison(), self._total()
        for publisher_id in self.hold.until_done(partial(all_publishers, self.database, self.engine, target)):
            comparison.include(self.hold.until_done(partial(self._compare, publisher_id, comparison, total)))
        self.comparison = comparison
        known = len(self._refused) if self.options.accept_refused else 0
        if comparison.differences > known:
            raise RebuildFailed(self._what_differs(comparison))
        faults.reach("rebuild:checked")
        self._transaction(rebuild_state.note_step, holder=self.holder, step=Step.PROMOTING)

    def _promote(self) -> None:
        self.hold.until_done(partial(self.engine.indices.promote, self.present.target, self.present.normalizer))
        faults.reach("rebuild:promoted")
        self._transaction(rebuild_state.note_promoted, holder=self.holder, name=self.present.target)

    def _retire(self) -> None:
        if not self.options.keep_old:
            for name in self.present.retired:
                self.hold.until_done(partial(self.engine.indices.drop, name))
        faults.reach("rebuild:retired")
        self._transaction(rebuild_state.end, holder=self.holder)

    def _catch_up(self) -> None:
        """Until nothing is marked that was before. Others may index, too; here it goes on without them."""
        newest = self._transaction(rebuild_state.newest_version)
        first = least = self._transaction(rebuild_state.waiting, version=newest)
        deadline = time.monotonic() + self.options.patience
        while left := self._transaction(rebuild_state.waiting, version=newest):
            self.watcher.at("catching up", max(first - left, 0), first)
            if left < least:
                least, deadline = left, time.monotonic() + self.options.patience
            elif time.monotonic() > deadline:
                raise RebuildFailed(
                    f"{left} changes don't get into the index. Look at: python -m services.search status"
                )
            if not self.hold.until_done(self._indexer.step):
                time.sleep(_LOOK_SECONDS)

    def _tidy(self) -> None:
        for done in self.engine.indices.tidy(self.present.target):
            self.hold.check()
            self.watcher.at("tidying up", done, None)

    def _compare(self, publisher_id: str, before: Comparison, total: int) -> Comparison:
        done = before.projection.entries

        def progress(customers: int) -> None:
            self.hold.check()
            self.watcher.at("comparing", done + customers, total)

        return compare(
            self.database, self.engine, publisher_id, index=self.present.target, mend=self._mend, progress=progress
        )

    def _mend(self, publisher_id: str, looks: Sequence[Look]) -> None:
        target, indices = self.present.target, self.engine.indices
        self.mended += len(looks)
        unknown = {look.id: look.present.doc_version for look in looks if look.present and look.row is None}
        self.hold.until_done(partial(indices.forget, target, publisher_id, unknown))
        results = self._filler.put([look.due for look in looks if look.due is not None])
        self._refused |= {result.id for result in results if result.outcome is Outcome.REFUSED}
        self._refused |= {look.id for look in looks if look.unmade}
        stale = {result.id for result in results if result.outcome is Outcome.STALE}
        ahead = [look for look in looks if look.id in stale and look.present is not None]
        if ahead:
            self._transaction(_overtake, publisher_id=publisher_id, ahead=ahead)
            self._catch_up()

    def _what_differs(self, comparison: Comparison) -> str:
        if self._refused:
            named = ", ".join(sorted(self._refused)[:_NAMED])
            return (
                f"The engine refuses {len(self._refused):,} customers in the new index: {named}. They would be found "
                "by whole ID and email only. Find out what is wrong with them, or go on with rebuild --accept-refused."
            )
        named = ", ".join(comparison.named[:_NAMED])
        return (
            f"{comparison.differences:,} customers still differ in the new index: {named}. So it isn't put in service. "
            "Run rebuild again, or give it up with rebuild --abort."
        )

    def _total(self) -> int:
        def count() -> int:
            with queries.reading(self.database) as connection:
                return publishers.count_entries(connection)

        return self.hold.until_done(count)

    def _transaction(self, work: Callable[..., T], **arguments: Any) -> T:
        def attempt() -> T:
            with self.database.transaction() as session:
                return work(session, **arguments)

        return self.hold.until_done(attempt)


def _overtake(session: Session, *, publisher_id: str, ahead: Sequence[Look]) -> None:
    """Give customers of whom the index has a newer version than was ever drawn versions above those."""
    found = [(look.row, look) for look in ahead if look.row is not None]
    customers = [
        Claimed(publisher_id, look.id, row.owner, None, deleted=False, doc_version=row.doc_version, to_confirm=False)
        for row, look in found
    ]
    indexed = {(publisher_id, look.id): look.present.doc_version for _, look in found if look.present}
    overtaking.overtake(session, customers, indexed)

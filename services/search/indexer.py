"""The indexer: carries what changed in the projection to the search engine.

Claims entries, writes whole documents with no transaction open, clears what the engine has. Killed anywhere, the
entries come again when their lease runs out; the engine keeps the newest version whatever comes in which order.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import Counter, Histogram

from servicekit import clock, faults
from servicekit.db.database import Database
from services.search import dirty, overtaking
from services.search.dirty import Claim, Claimed, Key
from services.search.engine.errors import EngineUnavailable
from services.search.engine.port import Engine, Outcome, WriteResult
from services.search.writing import documents_of, write

SHORTEST_POLL, LONGEST_POLL = 0.005, 0.1
"""Seconds between looks while there is nothing to do: the first, and what they grow to."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds of rest while the engine or the database is down."""
MAINTAIN_SECONDS = 60.0
"""How often the engine is asked to clean up, while there is nothing else to do."""
RETRY_SECONDS, LONGEST_RETRY = 0.2, 30.0
REFUSED_SECONDS, LONGEST_REFUSED = 60.0, 3600.0

_log = structlog.get_logger("indexer")
_lag = Histogram(
    "search_index_lag_seconds",
    "From a change's arrival in the projection to when the engine has it.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)
_refused = Counter("search_documents_refused_total", "Documents that the engine would not take.")
_overtaken = Counter("search_index_ahead_total", "Documents that the index kept out although they were the newest.")
_failures = Counter("search_indexer_failures_total", "Steps that failed as a whole.", ["error"])


class Indexer:
    """One indexer; any number of them share the work.

    ``database`` acts as the role ``system``. ``worker_id`` names it in logs.
    """

    def __init__(self, database: Database, engine: Engine, worker_id: str, batch: int = 500) -> None:
        self._database = database
        self._engine = engine
        self._worker_id = worker_id
        self._batch = batch
        self._ensured = False
        self._maintained = 0.0
        self._troubles = 0

    def run(self, stop: threading.Event) -> None:
        """Index until ``stop`` is set. Engine or database being down only delays it."""
        idle = SHORTEST_POLL
        while not stop.is_set():
            try:
                done = self.step()
            except Exception as error:  # whatever it is, the entries stay marked and others may still go through
                self._trouble(error)
                done = 0
            if self._troubles:
                longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(self._troubles, 10))
                stop.wait(random.uniform(longest / 2, longest))
            elif done:
                idle = SHORTEST_POLL
            else:
                stop.wait(idle)
                idle = min(2 * idle, LONGEST_POLL)

    def step(self) -> int:
        """Carry one batch over; how many entries were cleared.

        0 also while the engine is down: everything claimed is then given back and nothing is lost.
        """
        try:
            if not self._ensured:
                self._engine.ensure()
                self._maintain()
                self._ensured = True
            with self._database.transaction() as session:
                claim = dirty.claim(session, limit=self._batch)
            cleared = self._carry(claim) if claim.customers else 0
            if not claim.customers and time.monotonic() - self._maintained >= MAINTAIN_SECONDS:
                self._maintain()
        except EngineUnavailable as error:
            self._trouble(error)
            return 0
        self._troubles = 0
        return cleared

    def _maintain(self) -> None:
        self._engine.maintain()
        self._maintained = time.monotonic()

    def _carry(self, claim: Claim) -> int:
        faults.reach("indexer:claimed")
        documents, refusals = documents_of(claim.customers)
        try:
            results = write(self._engine, documents, claim.targets)
            ahead = self._ahead(claim, results)
        except EngineUnavailable:
            # If this fails too, their lease runs out.
            with self._database.transaction() as session:
                dirty.release(session, [customer.key for customer in claim.customers])
            raise
        faults.reach("indexer:written")
        outcomes = {(result.publisher_id, result.id): result for result in (*results, *refusals)}
        taken = (Outcome.WRITTEN, Outcome.STALE)
        # An engine that is ahead holds something else than what was written: of an erased customer, the person.
        written = [c for c in claim.customers if outcomes[c.key].outcome in taken and c.key not in ahead]
        marked = self._clear(claim, written)
        self._overtake([customer for customer in claim.customers if customer.key in ahead], ahead)
        self._postpone([(c, outcomes[c.key]) for c in claim.customers if outcomes[c.key].outcome not in taken])
        return marked

    def _ahead(self, claim: Claim, results: Sequence[WriteResult]) -> dict[Key, int]:
        """Those whose newest version the engine takes for old, each with the version that the engine has of it."""
        keys = {(result.publisher_id, result.id) for result in results if result.outcome is Outcome.STALE}
        if not keys:
            return {}
        with self._database.transaction() as session:
            ahead = overtaking.kept_out(session, [customer for customer in claim.customers if customer.key in keys])
        indexed: dict[Key, int] = {}
        for publisher_id in sorted({publisher_id for publisher_id, _ in ahead}):
            ids = sorted(identifier for publisher, identifier in ahead if publisher == publisher_id)
            versions = self._engine.versions(publisher_id, ids, claim.targets)
            indexed |= {(publisher_id, identifier): versions.get(identifier, 0) for identifier in ids}
        return indexed

    def _overtake(self, customers: Sequence[Claimed], indexed: Mapping[Key, int]) -> None:
        if not customers:
            return
        _overtaken.inc(len(customers))
        _log.error("index_ahead", customers=len(customers), highest_version=max(indexed.values()))
        with self._database.transaction() as session:
            # A version that searches don't see yet is known in a moment.
            for customer in sorted(customers, key=lambda customer: customer.key):
                if indexed[customer.key] <= customer.doc_version:
                    dirty.postpone(session, customer, seconds=RETRY_SECONDS, longest=LONGEST_RETRY)
        with self._database.transaction() as session:
            seen = [customer for customer in customers if indexed[customer.key] > customer.doc_version]
            overtaking.overtake(session, seen, indexed)

    def _clear(self, claim: Claim, written: Sequence[Claimed]) -> int:
        if not written:
            return 0
        with self._database.transaction() as session:
            marked = dirty.clear(session, targets=claim.targets, written=written, now=clock.now())
            faults.reach("indexer:clearing")
        faults.reach("indexer:cleared")
        now = clock.now()
        for moment in marked:
            _lag.observe((now - moment).total_seconds())
        return len(marked)

    def _postpone(self, untaken: Sequence[tuple[Claimed, WriteResult]]) -> None:
        """What the engine can't take now comes again soon; what it will never take stays marked, and is shown."""
        for customer, result in sorted(untaken, key=lambda pair: pair[0].key):
            with self._database.transaction() as session:
                if result.outcome is Outcome.RETRY:
                    dirty.postpone(session, customer, seconds=RETRY_SECONDS, longest=LONGEST_RETRY)
                    continue
                dirty.postpone(
                    session, customer, seconds=REFUSED_SECONDS, longest=LONGEST_REFUSED, refusal=result.reason
                )
            _refused.inc()
            _log.error(
                "document_refused",
                publisher_id=customer.publisher_id,
                document_id=customer.id,
                reason=result.reason,
            )

    def _trouble(self, error: Exception) -> None:
        self._troubles += 1
        # Made again when it is back: an engine that lost its disk would otherwise refuse every write.
        self._ensured = False
        _failures.labels(type(error).__name__).inc()
        _log.warning("indexer_waits", worker=self._worker_id, error=type(error).__name__, times=self._troubles)

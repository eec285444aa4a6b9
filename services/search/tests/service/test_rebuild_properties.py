"""Whatever happens in whatever order while an index is rebuilt, however often it is killed: it ends right.

And at every moment: of nobody whose erasure was confirmed does any index have more than a tombstone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from servicekit import clock, faults
from servicekit.ids import new_id
from servicekit.testing.databases import Template
from services.search import dirty
from services.search.engine.port import Outcome
from services.search.indexer import Indexer
from services.search.rebuild import RebuildFailed, give_up
from services.search.rebuild_work import Work
from services.search.sides import Look
from services.search.tests.service.memory_engine import MemoryEngine
from services.search.tests.service.rebuilding import POINTS, Killed, assert_at_rest, change, run
from services.search.tests.service.system import System, anonymized, publisher, told
from services.search.writing import documents_of, write

CUSTOMERS = 6
ACTIONS = ("create", "edit", "erase", "index", "claim", "write", "clear", "expire", "kill")
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
_moments = st.tuples(
    st.sampled_from([point for point in POINTS if point != "rebuild:creating"]),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, CUSTOMERS - 1)), min_size=1, max_size=6),
)


@pytest.fixture(scope="module")
def drawn_system(search_template: Template) -> Iterator[System]:
    scratch = search_template.copy()
    made = System(scratch.urls, MemoryEngine())
    with pytest.MonkeyPatch.context() as patched:
        # Filling and marks alone have to do it: what the comparison would put right would hide what they lose.
        patched.setattr(Work, "_mend", _nothing_to_mend)
        yield made
    made.close()
    search_template.drop(scratch)


def _nothing_to_mend(_work: Work, _publisher_id: str, looks: Sequence[Look]) -> None:
    raise AssertionError(f"the new index lacks something: {looks}")


@dataclass
class Slow:
    """An indexer that stands still between its steps for as long as is drawn."""

    system: System
    claims: list[dirty.Claim] = field(default_factory=list)
    written: list[tuple[dirty.Claim, list[dirty.Claimed]]] = field(default_factory=list)

    def claim(self) -> None:
        with self.system.system_database.transaction() as session:
            claim = dirty.claim(session, limit=3)
        if claim.customers:
            self.claims.append(claim)

    def write(self) -> None:
        if not self.claims:
            return
        claim = self.claims.pop(0)
        documents, _ = documents_of(claim.customers)
        results = write(self.system.engine, documents, claim.targets)
        taken = {result.id for result in results if result.outcome in (Outcome.WRITTEN, Outcome.STALE)}
        self.written.append((claim, [customer for customer in claim.customers if customer.id in taken]))

    def clear(self) -> None:
        if self.written:
            claim, customers = self.written.pop(0)
            with self.system.system_database.transaction() as session:
                dirty.clear(session, targets=claim.targets, written=customers, now=clock.now())


@dataclass
class World:
    """Customers of one publisher, and what happens to them."""

    system: System
    mine: str = field(default_factory=publisher)
    ids: list[str] = field(default_factory=lambda: [new_id("cus") for _ in range(CUSTOMERS)])
    versions: dict[str, int] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.slow = Slow(self.system)
        self.indexer = Indexer(self.system.system_database, self.system.engine, "drawn", batch=2)

    def act(self, action: str, number: int) -> None:
        customer_id = self.ids[number]
        version = self.versions.get(customer_id, 0) + 1
        if action in ("create", "edit", "erase") and customer_id not in self.erased:
            self.versions[customer_id] = version
            if action == "erase":
                self.erased.add(customer_id)
                self.system.tell(anonymized(self.mine, customer_id, version))
            else:
                self.system.tell(told(self.mine, customer_id, version, last_name=f"Name{version}"))
        elif action == "index":
            self.indexer.step()
        elif action in ("claim", "write", "clear"):
            getattr(self.slow, action)()
        elif action == "expire":
            self.system.expire_leases()
        elif action == "kill":
            raise Killed
        self.nobody_confirmed_is_kept()

    def nobody_confirmed_is_kept(self) -> None:
        confirmed = [event.subject for event in self.system.confirmations()]
        assert len(confirmed) == len(set(confirmed))
        engine = self.system.engine.engine
        assert isinstance(engine, MemoryEngine)
        for index in engine.contents.values():
            for customer_id in confirmed:
                document = index.get((self.mine, customer_id))
                assert document is None or document.deleted


@EXAMPLES
@given(
    before=st.lists(st.tuples(st.sampled_from(ACTIONS[:-1]), st.integers(0, CUSTOMERS - 1)), max_size=10),
    runs=st.lists(st.tuples(st.lists(_moments, max_size=6), st.booleans()), min_size=1, max_size=3),
)
def test_any_interleaving_ends_right(
    drawn_system: System, before: list[tuple[str, int]], runs: list[tuple[list[Any], bool]]
) -> None:
    system = drawn_system
    system.reset()
    world = World(system)
    for action, number in before:
        world.act(action, number)
    for moments, abandoned in runs:
        _run(world, moments)
        if abandoned:
            _give_up(system)
    change(system, "UPDATE index_rebuild SET held_until = 'epoch'")
    system.expire_leases()
    run(system)
    for _ in range(3):  # what was claimed or written long ago comes now
        world.slow.write()
        world.slow.clear()
        world.nobody_confirmed_is_kept()
    system.expire_leases()
    assert_at_rest(system)
    assert {event.subject for event in system.confirmations()} == world.erased


def _run(world: World, moments: Sequence[tuple[str, list[tuple[str, int]]]]) -> None:
    """A rebuild during which these things happen, each at the next time that its point is reached."""
    left = list(moments)

    def hook(reached: str) -> None:
        if reached == "rebuild:checking":
            world.system.expire_leases()  # or the test would take as long as a lease
        for moment in [moment for moment in left if moment[0] == reached]:
            left.remove(moment)
            for action, number in moment[1]:
                world.act(action, number)

    change(world.system, "UPDATE index_rebuild SET held_until = 'epoch'")
    faults.install(hook)
    try:
        run(world.system, new_id("run"))
    except Killed:
        pass
    finally:
        faults.install(None)


def _give_up(system: System) -> None:
    change(system, "UPDATE index_rebuild SET held_until = 'epoch'")
    with suppress(RebuildFailed):  # it was past the point of no return
        give_up(system.system_database, system.engine, "giving up")

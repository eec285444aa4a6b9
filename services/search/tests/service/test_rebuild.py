"""Rebuilding the index while searches, changes and erasures go on: nothing is lost, whatever dies whenever."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from servicekit import faults
from servicekit.ids import new_id
from services.search.engine.indices import IN_SERVICE
from services.search.engine.port import IndexEntry, Outcome, WriteResult
from services.search.indexer import Indexer
from services.search.rebuild import RebuildFailed
from services.search.tests.service.rebuilding import (
    POINTS,
    Killed,
    assert_at_rest,
    assert_right,
    at,
    change,
    killed_at,
    people,
    run,
)
from services.search.tests.service.system import System, anonymized, told


def test_the_new_index_has_everybody_and_is_found_in(own_system: System) -> None:
    mine, ids = people(own_system)
    other, others = people(own_system, 3)
    result = run(own_system)
    assert result.comparison is not None
    assert (result.comparison.index.customers, result.comparison.index.tombstones) == (8, 2)
    assert (result.mended, result.kept) == (0, ())
    assert own_system.engine.indices.in_service() == [result.target]
    assert set(own_system.found(mine, "Lovelace")) == set(ids[:-1])
    assert set(own_system.found(other, "Lovelace")) == set(others[:-1])
    assert_at_rest(own_system)
    assert [event.subject for event in own_system.confirmations()] == [ids[-1], others[-1]], "told of once"


def test_of_nobody(own_system: System) -> None:
    result = run(own_system)
    assert result.comparison is not None
    assert result.comparison.equal
    assert_at_rest(own_system)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_product_works_and_the_next_run_finishes(own_system: System, point: str) -> None:
    mine, ids = people(own_system)
    killed_at(own_system, point)
    # Without the rebuild, and before anybody runs it again:
    assert set(own_system.found(mine, "Lovelace")) == set(ids[:-1])
    own_system.tell(told(mine, ids[0], 2, last_name="Byron"), anonymized(mine, ids[1], 2))
    own_system.index()
    assert own_system.found(mine, "Byron") == [ids[0]]
    assert set(own_system.found(mine, "Lovelace")) == set(ids[2:-1])
    assert_right(own_system)
    told_of = [event.subject for event in own_system.confirmations()]
    assert told_of == [ids[-1], ids[1]]
    own_system.tell(told(mine, ids[2], 2, last_name="Byron"))
    run(own_system)
    assert_at_rest(own_system)
    assert set(own_system.found(mine, "Byron")) == {ids[0], ids[2]}
    assert len(own_system.confirmations()) == 2, "no news for anybody"


@pytest.mark.parametrize("point", POINTS)
def test_what_comes_in_at_any_step_is_in_the_new_index(own_system: System, point: str) -> None:
    mine, ids = people(own_system)
    late = new_id("cus")

    def live() -> None:
        own_system.tell(
            told(mine, ids[0], 2, last_name="Canary"),
            told(mine, late, 1, last_name="Byron"),
            anonymized(mine, ids[1], 2),
        )
        own_system.tell(anonymized(mine, ids[0], 3))

    at(point, live)
    run(own_system)
    assert_at_rest(own_system)
    assert own_system.found(mine, "Byron") == [late]
    assert own_system.found(mine, "Canary") == []
    assert {event.subject for event in own_system.confirmations()} == {ids[-1], ids[0], ids[1]}
    assert len(own_system.confirmations()) == 3


@pytest.mark.parametrize("point", [*POINTS, "afterwards"])
def test_an_indexer_that_stalls_until_any_step_loses_nothing(own_system: System, point: str) -> None:
    """It has claimed before the rebuild, and writes and clears in the middle of it."""
    mine, ids = people(own_system)
    own_system.tell(told(mine, ids[0], 2, last_name="Byron"), anonymized(mine, ids[1], 2))
    stalled = Indexer(own_system.system_database, own_system.engine, "stalled")
    thread = threading.Thread(target=stalled.step)
    claimed, go_on = threading.Event(), threading.Event()

    def hook(reached: str) -> None:
        if threading.current_thread() is thread and reached == "indexer:claimed":
            claimed.set()
            go_on.wait(20)
        elif reached == "rebuild:checking":
            own_system.expire_leases()
        if reached == point:
            go_on.set()
            thread.join()

    faults.install(hook)
    thread.start()
    assert claimed.wait(20)
    run(own_system)
    go_on.set()
    thread.join()
    faults.install(None)
    assert_at_rest(own_system)
    assert own_system.found(mine, "Byron") == [ids[0]]
    assert set(own_system.found(mine, "Lovelace")) == set(ids[2:-1])
    assert [event.subject for event in own_system.confirmations()] == [ids[-1], ids[1]]


def test_a_batch_in_hand_while_somebody_is_erased_brings_nobody_back(own_system: System) -> None:
    mine, ids = people(own_system)

    def erase() -> None:
        # The batch with them is read, and about to be written.
        own_system.tell(*(anonymized(mine, customer_id, 2) for customer_id in ids[:-1]))
        own_system.expire_leases()
        Indexer(own_system.system_database, own_system.engine, "other").step()

    real, done = own_system.engine.engine.write, threading.Event()

    def write(entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
        if not done.is_set():
            done.set()
            erase()
        return real(entries, targets)

    own_system.engine.engine.write = write  # type: ignore[method-assign]
    run(own_system)
    assert done.is_set()
    assert_at_rest(own_system)
    assert own_system.found(mine, "Lovelace") == []
    assert len(own_system.confirmations()) == len(ids)


def test_whom_the_new_index_refuses_keeps_the_old_one_in_service(
    own_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, ids = people(own_system)
    _refusing(own_system, monkeypatch, ids[2])
    before = own_system.engine.indices.in_service()
    if own_system.engine.indices.next_name() == IN_SERVICE:
        change(own_system, "DELETE FROM search_document WHERE customer_id = :customer_id", customer_id=ids[2])
    with pytest.raises(RebuildFailed, match=ids[2]):
        run(own_system)
    assert own_system.engine.indices.in_service() == before
    result = run(own_system, accept_refused=True)
    assert result.comparison is not None
    assert (result.comparison.differences, result.comparison.missing) == (1, [ids[2]])
    assert set(own_system.found(mine, "Lovelace")) == {*ids[:-1]} - {ids[2]}
    monkeypatch.undo()
    run(own_system)
    assert_at_rest(own_system)


def test_whom_the_index_in_service_refuses_too_does_not_matter(
    own_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, ids = people(own_system)
    bad = new_id("cus")
    _refusing(own_system, monkeypatch, bad)
    own_system.tell(told(mine, bad, 1, last_name="Bad"))
    own_system.index()
    result = run(own_system)
    assert result.comparison is not None
    assert (result.comparison.refused, result.comparison.differences) == (1, 0)
    assert set(own_system.found(mine, "Lovelace")) == set(ids[:-1])
    monkeypatch.undo()
    own_system.index()
    assert own_system.found(mine, "Bad") == [bad], "tried at once in the new index"
    assert_at_rest(own_system)


def test_a_new_index_that_refuses_nearly_everybody_is_not_filled_further(
    own_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.search.filling.MOST_REFUSED", 3)
    mine, ids = people(own_system)
    _refusing(own_system, monkeypatch, *ids)
    with pytest.raises(RebuildFailed, match="most"):
        run(own_system)
    assert set(own_system.found(mine, "Lovelace")) == set(ids[:-1])


def _refusing(system: System, monkeypatch: pytest.MonkeyPatch, *customer_ids: str) -> None:
    """From now on the engine takes nothing of these."""
    real = system.engine.engine.write

    def write(entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
        good = [entry for entry in entries if entry.customer_id not in customer_ids]
        results = iter(real(good, targets))
        return [
            next(results)
            if entry in good
            else WriteResult(entry.publisher_id, entry.customer_id, entry.doc_version, Outcome.REFUSED, "no")
            for entry in entries
        ]

    monkeypatch.setattr(system.engine.engine, "write", write)


def test_the_old_index_can_be_kept(own_system: System) -> None:
    people(own_system)
    before = own_system.engine.indices.in_service()
    result = run(own_system, keep_old=True)
    spare = own_system.engine.indices.spare()
    assert (spare, list(result.kept)) == ((before, before) if [result.target] != before else ([], []))
    for name in spare:
        own_system.engine.indices.drop(name)
    assert_at_rest(own_system)


def test_it_keeps_to_the_rate(own_system: System) -> None:
    people(own_system, 10)
    assert run(own_system, rate=20.0).seconds >= 0.5


def test_a_killed_process_raises_nothing_else(own_system: System) -> None:
    """The hook's exception is none that the rebuild would swallow."""
    people(own_system)

    def die() -> None:
        raise Killed

    at("rebuild:checked", die)
    with pytest.raises(Killed):
        run(own_system)

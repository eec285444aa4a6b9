"""Rebuilds that are interrupted, taken over, refused or begun anew."""

from __future__ import annotations

import threading

import pytest

from servicekit import faults
from services.search import rebuild_hold, rebuild_state
from services.search.rebuild import RebuildFailed, Running, TakenOver, give_up
from services.search.tests.service.rebuilding import (
    POINTS,
    assert_at_rest,
    at,
    change,
    killed_at,
    people,
    rows,
    run,
)
from services.search.tests.service.system import System, told
from services.search.text import NORMALIZER_VERSION


def test_two_at_once_the_second_is_refused(own_system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild_hold, "RENEW_SECONDS", 0.1)
    people(own_system)
    refusals: list[str] = []

    def second() -> None:
        with pytest.raises(Running) as caught:
            run(own_system, "second")
        refusals.append(str(caught.value))
        with pytest.raises(Running):
            give_up(own_system.system_database, own_system.engine, "third")

    at("rebuild:written", second)
    run(own_system, "first")
    assert "of first" in refusals[0]
    assert_at_rest(own_system)


def test_the_hold_of_one_that_died_runs_out_by_itself(own_system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild_state, "HOLD_SECONDS", 1.0)
    people(own_system)
    killed_at(own_system, "rebuild:written")
    change(own_system, "UPDATE index_rebuild SET held_until = clock_timestamp() + interval '1 second'")
    run(own_system, "next")
    assert_at_rest(own_system)


def test_one_that_stood_still_for_too_long_stops(own_system: System) -> None:
    people(own_system)
    at("rebuild:written", lambda: change(own_system, "UPDATE index_rebuild SET holder = 'somebody else'"))
    with pytest.raises(TakenOver):
        run(own_system, "slow")
    faults.install(None)
    change(own_system, "UPDATE index_rebuild SET held_until = 'epoch'")
    run(own_system, "next")
    assert_at_rest(own_system)


def test_it_goes_on_where_it_was_killed(own_system: System) -> None:
    people(own_system, 9)
    killed_at(own_system, "rebuild:noted")
    ((written, target),) = rows(own_system, "SELECT written, target FROM index_rebuild")
    assert written == 2
    batches: list[str] = []
    at("rebuild:written", lambda: batches.append("one"), times=100)
    result = run(own_system)
    assert (len(batches), result.target) == (4, target), "seven of nine were left"
    assert_at_rest(own_system)


def test_an_index_that_was_lost_meanwhile_is_begun_anew(own_system: System) -> None:
    people(own_system)
    killed_at(own_system, "rebuild:checking")
    for name in own_system.engine.indices.spare():
        own_system.engine.indices.drop(name)
    run(own_system)
    assert_at_rest(own_system)


def test_one_interrupted_by_an_upgrade_is_begun_anew(own_system: System) -> None:
    people(own_system)
    killed_at(own_system, "rebuild:checking")
    change(own_system, "UPDATE index_rebuild SET normalizer = normalizer - 1")
    batches: list[str] = []
    at("rebuild:written", lambda: batches.append("one"), times=100)
    run(own_system)
    assert len(batches) == 4, "all seven"
    assert_at_rest(own_system)


def test_one_of_another_version_that_was_all_but_done_is_finished_first(own_system: System) -> None:
    people(own_system)
    killed_at(own_system, "rebuild:promoting")
    change(own_system, "UPDATE index_rebuild SET normalizer = normalizer - 1")
    result = run(own_system)
    assert result.comparison is not None
    assert own_system.engine.indices.made_with() == NORMALIZER_VERSION
    assert_at_rest(own_system)


@pytest.mark.parametrize("point", POINTS)
def test_it_can_be_given_up_until_the_new_index_is_in_service(own_system: System, point: str) -> None:
    mine, ids = people(own_system)
    before = own_system.engine.indices.in_service()
    killed_at(own_system, point)
    if POINTS.index(point) < POINTS.index("rebuild:promoting"):
        assert give_up(own_system.system_database, own_system.engine, "test")
        assert own_system.engine.indices.in_service() == before
    else:
        with pytest.raises(RebuildFailed, match="run rebuild again"):
            give_up(own_system.system_database, own_system.engine, "test")
        change(own_system, "UPDATE index_rebuild SET held_until = 'epoch'")
        run(own_system)
    assert give_up(own_system.system_database, own_system.engine, "test") is None
    assert_at_rest(own_system)
    assert set(own_system.found(mine, "Lovelace")) == set(ids[:-1])


@pytest.mark.parametrize("point", POINTS)
def test_an_engine_that_is_away_is_waited_for(own_system: System, point: str) -> None:
    people(own_system)

    def away() -> None:
        own_system.engine.down = True
        threading.Timer(0.3, lambda: setattr(own_system.engine, "down", False)).start()

    at(point, away)
    run(own_system)
    own_system.engine.down = False
    assert_at_rest(own_system)


def test_an_engine_that_stays_away_ends_it_and_the_next_run_goes_on(own_system: System) -> None:
    people(own_system)
    at("rebuild:noted", lambda: setattr(own_system.engine, "down", True))
    with pytest.raises(Exception, match="taken down"):
        run(own_system, patience=0.2)
    faults.install(None)
    own_system.engine.down = False
    run(own_system, "next")
    assert_at_rest(own_system)


def test_indexers_of_the_version_before_neither_take_nor_clear_a_mark_meanwhile(own_system: System) -> None:
    """They read one row of ``index_target``, and write to what is in service alone."""
    mine, ids = people(own_system)

    def look() -> None:
        own_system.tell(told(mine, ids[0], 2, last_name="Byron"))
        assert rows(own_system, "SELECT names FROM index_target") == [], "one row is expected: it can't claim"
        assert rows(own_system, "SELECT (SELECT names FROM index_target) = '{customers}'") == [(None,)], "nor clear"

    at("rebuild:written", look)
    run(own_system)
    assert_at_rest(own_system)

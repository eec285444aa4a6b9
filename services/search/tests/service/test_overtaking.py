"""The projection went back to an earlier moment, the index didn't: what the index keeps out is written all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from servicekit import faults
from servicekit.ids import new_id
from services.search.comparison import compare
from services.search.documents import customer_document
from services.search.engine.port import Outcome
from services.search.indexer import Indexer
from services.search.tests.service.system import System, anonymized, publisher, state, told

AHEAD = 10_000_000
"""A version far above all that the tests draw."""


def put_ahead(system: System, publisher_id: str, *customer_ids: str, version: int) -> None:
    """Have the index hold customers called Canary of a version that the projection never gave out."""
    states = [{**state(customer_id, last_name="Canary"), "publisher_id": publisher_id} for customer_id in customer_ids]
    results = system.engine.write([customer_document(customer, doc_version=version) for customer in states])
    assert {result.outcome for result in results} == {Outcome.WRITTEN}


def drawn(system: System) -> int:
    with system.system_database.transaction() as session:
        return int(session.execute(text("SELECT nextval('doc_version')")).scalar_one())


def test_an_erasure_is_confirmed_only_when_an_index_that_is_ahead_has_forgotten(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    ahead = drawn(system) + AHEAD
    put_ahead(system, mine, ada, version=ahead)
    system.tell(anonymized(mine, ada, 2))
    assert system.indexer.step() == 0, "kept out, so not done"
    assert system.confirmations() == []
    assert system.indexer.step() == 1, "due again at once, and taken"
    assert [event.subject for event in system.confirmations()] == [ada]
    assert system.found(mine, "Canary") == []
    assert compare(system.app_database, system.engine, mine).equal


def test_a_change_that_an_index_ahead_keeps_out_is_written_next(system: System) -> None:
    mine, other, ada, bob, eve = publisher(), publisher(), new_id("cus"), new_id("cus"), new_id("cus")
    ahead = drawn(system) + AHEAD
    put_ahead(system, mine, ada, bob, version=ahead)
    put_ahead(system, other, eve, version=ahead + 5)
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in (ada, bob)))
    system.tell(told(other, eve, 1, last_name="Lovelace"))
    assert system.indexer.step() == 0
    assert system.indexer.step() == 3
    for publisher_id in (mine, other):
        assert compare(system.app_database, system.engine, publisher_id).equal
    assert drawn(system) > ahead + 5, "whoever comes next isn't kept out"


def test_the_sequence_never_moves_down(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1))
    ahead = drawn(system)
    put_ahead(system, mine, ada, version=ahead)
    with system.system_database.transaction() as session:
        before = session.execute(text("SELECT max(nextval('doc_version')) FROM generate_series(1, 1000)")).scalar_one()
    system.index()
    system.index()
    assert before < drawn(system) < before + 100
    assert compare(system.app_database, system.engine, mine).equal


def test_what_another_indexer_wrote_newer_draws_no_version(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    other = Indexer(system.system_database, system.engine, "other")
    before: list[int] = []

    def overtaken(point: str) -> None:
        if point == "indexer:claimed":
            faults.install(None)
            system.tell(told(mine, ada, 2, last_name="Byron"))
            system.expire_leases()
            before.append(drawn(system))
            assert other.step() == 1

    faults.install(overtaken)
    assert system.indexer.step() == 0
    assert system.index() == 0, "nothing is left to do"
    assert drawn(system) == before[0] + 1, "the indexers drew none"
    assert system.found(mine, "Byron") == [ada]


def test_a_version_that_searches_do_not_see_yet_is_looked_up_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, ada = publisher(), new_id("cus")
    put_ahead(system, mine, ada, version=drawn(system) + AHEAD)
    system.tell(anonymized(mine, ada, 2))
    monkeypatch.setattr(system.engine.engine, "versions", lambda _publisher_id, _ids, _targets: {})
    assert system.indexer.step() == 0
    monkeypatch.undo()
    system.expire_leases()
    assert (system.indexer.step(), system.confirmations()) == (0, [])
    assert system.indexer.step() == 1
    assert len(system.confirmations()) == 1

"""The indexer: killed anywhere, refused, interrupted, raced: nothing is lost and erasures are confirmed once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from servicekit import faults
from servicekit.ids import new_id
from services.search import dirty
from services.search.comparison import compare
from services.search.engine.errors import EngineRefused
from services.search.engine.port import IndexEntry, Outcome, WriteResult
from services.search.indexer import Indexer
from services.search.status import document
from services.search.tests.service.system import System, anonymized, publisher, told
from services.search.text import NORMALIZER_VERSION

POINTS = ("indexer:claimed", "indexer:written", "indexer:clearing", "indexer:cleared")


class Killed(BaseException):
    """The process ends here."""


def _kill_at(point: str) -> None:
    def hook(reached: str) -> None:
        if reached == point:
            raise Killed

    faults.install(hook)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_work_is_done_afterwards_and_erasures_are_confirmed_once(
    system: System, point: str
) -> None:
    mine, ada, bob = publisher(), new_id("cus"), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"), told(mine, bob, 1, last_name="Babbage"))
    system.index()
    system.tell(told(mine, bob, 2, last_name="Byron"), anonymized(mine, ada, 2))
    _kill_at(point)
    with pytest.raises(Killed):
        system.indexer.step()
    faults.install(None)
    system.expire_leases()
    system.index()
    assert compare(system.app_database, system.engine, mine).equal
    assert system.found(mine, "Byron") == [bob]
    (confirmation,) = system.confirmations()
    assert (confirmation.type, confirmation.subject, confirmation.datasubject) == ("search.subject.erased.v1", ada, ada)
    assert confirmation.data["service"] == "search"


def test_an_erasure_is_confirmed_only_when_the_engine_has_forgotten(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    system.index()
    system.engine.down = True
    system.tell(anonymized(mine, ada, 2))
    system.indexer.step()
    assert system.confirmations() == []
    system.engine.down = False
    system.index()
    assert len(system.confirmations()) == 1
    with system.system_database.transaction() as session:
        again = text("""INSERT INTO search_dirty (publisher_id, customer_id, doc_version, marked_at, due_at)
            SELECT publisher_id, customer_id, doc_version, now(), now() FROM search_customer
            WHERE customer_id = :ada""")
        session.execute(again, {"ada": ada})
    assert system.index() == 1
    assert len(system.confirmations()) == 1, "the index was filled anew: no news for anybody"


def test_one_erased_before_anything_else_was_known_is_confirmed_too(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(anonymized(mine, ada, 2))
    system.index()
    assert [event.subject for event in system.confirmations()] == [ada]


def test_a_change_while_the_engine_writes_is_indexed_next(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))

    def change(point: str) -> None:
        if point == "indexer:written":
            faults.install(None)
            system.tell(told(mine, ada, 2, last_name="Byron"))

    faults.install(change)
    assert system.indexer.step() == 0, "the entry was marked anew"
    assert system.indexer.step() == 1, "and is due at once, not when its lease ends"
    assert system.found(mine, "Byron") == [ada]


def test_a_write_to_other_indices_than_wanted_by_now_stays_due(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))

    def rebuild(point: str) -> None:
        if point == "indexer:written":
            faults.install(None)
            _change(system, "INSERT INTO search_target VALUES ('customers-2', 0)")

    faults.install(rebuild)
    try:
        assert system.indexer.step() == 0
        assert system.indexer.step() == 1
    finally:
        _change(system, "DELETE FROM search_target WHERE name = 'customers-2'")


def test_nothing_is_taken_up_by_code_older_than_the_index(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    _change(system, f"UPDATE search_target SET normalizer = {NORMALIZER_VERSION + 1}")
    try:
        with pytest.raises(dirty.OlderThanIndex):
            system.indexer.step()
    finally:
        _change(system, "UPDATE search_target SET normalizer = 0")
    assert system.index() == 1, "it isn't leased meanwhile"


def _change(system: System, statement: str) -> None:
    with system.system_database.transaction() as session:
        session.execute(text(statement))


def test_two_indexers_do_not_take_the_same(system: System) -> None:
    mine = publisher()
    system.tell(*(told(mine, new_id("cus")) for _ in range(6)))
    with system.system_database.transaction() as one, system.system_database.transaction() as other:
        first = {customer.key for customer in dirty.claim(one, limit=3).customers}
        second = {customer.key for customer in dirty.claim(other, limit=10).customers}
    assert (len(first), len(second)) == (3, 3)
    assert not first & second
    assert Indexer(system.system_database, system.engine, "third").step() == 0, "all are leased"


def test_a_refused_document_stays_marked_is_counted_and_does_not_block(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, bad, good = publisher(), new_id("cus"), new_id("cus")
    real = system.engine.engine.write

    def write(entries: Sequence[IndexEntry], targets: Sequence[str]) -> list[WriteResult]:
        if any(entry.customer_id == bad for entry in entries):
            raise EngineRefused("no")
        return real(entries, targets)

    monkeypatch.setattr(system.engine.engine, "write", write)
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in (bad, good, new_id("cus"))))
    assert system.indexer.step() == 2
    assert good in system.found(mine, "Lovelace")
    with system.system_database.transaction() as session:
        figures = dirty.figures(session)
    assert (figures.entries, figures.refused) == (1, 1)
    assert system.indexer.step() == 0, "it isn't tried again at once"
    monkeypatch.undo()
    system.tell(told(mine, bad, 2, last_name="Byron"))
    assert system.indexer.step() == 1, "a new document is tried at once"
    assert compare(system.app_database, system.engine, mine).equal


@pytest.mark.parametrize("error", [EngineRefused("OpenSearch refused: 400"), ValueError("a defect")])
def test_one_that_can_never_be_written_is_held_back_for_longer_each_time_and_shown(
    system: System, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    mine, bad, good = publisher(), new_id("cus"), new_id("cus")
    real = system.engine.engine.write
    tries: list[int] = []

    def write(entries: Sequence[IndexEntry], targets: Sequence[str]) -> list[WriteResult]:
        if any(entry.customer_id == bad for entry in entries):
            tries.append(len(entries))
            raise error
        return real(entries, targets)

    monkeypatch.setattr(system.engine.engine, "write", write)
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in (bad, good)))
    waits: list[float] = []
    for _ in range(8):
        tries.clear()
        system.indexer.step()
        assert tries, "it was due"
        with system.system_database.transaction() as session:
            wait = session.execute(text("SELECT extract(epoch FROM due_at - clock_timestamp()) FROM search_dirty"))
            waits.append(float(wait.scalar_one()))
        tries.clear()
        assert system.indexer.step() == 0
        assert not tries, "it isn't tried again before its time"
        system.expire_leases()
    assert system.found(mine, "Lovelace") == [good]
    assert [round(wait, -1) for wait in waits] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    shown = document(system.system_database, system.engine)
    assert shown["refused"] == 1
    assert [each["customer_id"] for each in shown["first_refused"]] == [bad]
    assert type(error).__name__ in shown["first_refused"][0]["reason"] or "400" in shown["first_refused"][0]["reason"]


def test_what_the_engine_cannot_take_now_comes_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, ada = publisher(), new_id("cus")

    def write(entries: Sequence[IndexEntry], _targets: Sequence[str]) -> list[WriteResult]:
        return [
            WriteResult(entry.publisher_id, entry.customer_id, entry.doc_version, Outcome.RETRY, "429")
            for entry in entries
        ]

    monkeypatch.setattr(system.engine.engine, "write", write)
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    assert system.indexer.step() == 0
    monkeypatch.undo()
    system.expire_leases()
    assert system.index() == 1
    assert system.found(mine, "Lovelace") == [ada]


def test_a_customer_no_document_can_be_made_of_does_not_block(system: System) -> None:
    mine, bad, good = publisher(), new_id("cus"), new_id("cus")
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in (bad, good)))
    with system.app_database.transaction(mine) as session:
        broken = text("UPDATE search_customer SET customer = customer || '{\"address\": 5}' WHERE customer_id = :bad")
        session.execute(broken, {"bad": bad})
    assert system.indexer.step() == 1
    with system.system_database.transaction() as session:
        assert dirty.figures(session).refused == 1


def test_what_a_killed_sweep_left_goes_when_an_indexer_starts_and_while_it_is_idle(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, ada, bob = publisher(), new_id("cus"), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Canarysurname"), told(mine, bob, 1, last_name="Parrotsurname"))
    system.index()
    indexer = Indexer(system.system_database, system.engine, "started anew")
    for customer_id, word in ((ada, "canarysurname"), (bob, "parrotsurname")):
        with monkeypatch.context() as patched:
            patched.setattr("services.search.engine.postgres.sweep", lambda _connection: None)
            system.tell(anonymized(mine, customer_id, 2))
            system.index()
        assert _known(system, word)
        assert indexer.step() == 0
        assert not _known(system, word)
        monkeypatch.setattr("services.search.indexer.MAINTAIN_SECONDS", 0.0)


def _known(system: System, word: str) -> bool:
    with system.system_database.transaction() as session:
        known = session.execute(text("SELECT count(*) FROM search_word WHERE word = :word"), {"word": word})
        return int(known.scalar_one()) > 0

"""Versions, tombstones, errors and leftovers of writing, on each engine."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from services.search.documents import tombstone
from services.search.engine.errors import MissingPublisher
from services.search.engine.port import Engine, Outcome
from services.search.tests.engine.helpers import document, fill, ids


def test_newer_version_replaces_and_old_words_are_forgotten(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, "cus_1", version=1, first_name="Grace", email="grace@old.example")])
    fill(engine, [document(publisher_id, "cus_1", version=2, first_name="Ada", email="ada@new.example")])
    assert ids(engine, publisher_id, "ada") == ["cus_1"]
    assert ids(engine, publisher_id, "grace") == []
    assert ids(engine, publisher_id, "old.example") == []


def test_older_version_is_stale_and_changes_nothing(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, "cus_1", version=7, first_name="Ada")])
    results = engine.write([document(publisher_id, "cus_1", version=6, first_name="Grace")])
    engine.refresh()
    assert [result.outcome for result in results] == [Outcome.STALE]
    assert ids(engine, publisher_id, "ada") == ["cus_1"]
    assert ids(engine, publisher_id, "grace") == []
    assert engine.versions(publisher_id, ["cus_1", "cus_2"]) == {"cus_1": 7}


def test_equal_version_is_written_again_without_harm(engine: Engine, publisher_id: str) -> None:
    same = document(publisher_id, "cus_1", version=3, first_name="Ada", last_name="Lovelace")
    fill(engine, [same])
    before = list(engine.dump(publisher_id))
    fill(engine, [same])
    assert list(engine.dump(publisher_id)) == before


def test_tombstone_hides_and_keeps_older_writes_out(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, "cus_1", version=1, first_name="Ada"), document(publisher_id, "cus_2")])
    fill(engine, [tombstone(publisher_id, "cus_1", doc_version=5)])
    results = engine.write([document(publisher_id, "cus_1", version=4, first_name="Ada")])
    engine.refresh()
    assert results[0].outcome is Outcome.STALE
    assert ids(engine, publisher_id, "ada") == []
    assert ids(engine, publisher_id, "") == ["cus_2"]
    assert engine.count(publisher_id) == 1
    assert engine.versions(publisher_id, ["cus_1"]) == {"cus_1": 5}
    (indexed, _) = engine.dump(publisher_id)
    assert (indexed.deleted, dict(indexed.tokens), dict(indexed.stored)) == (True, {}, {})


def test_tombstone_of_somebody_unknown_keeps_older_writes_out(engine: Engine, publisher_id: str) -> None:
    fill(engine, [tombstone(publisher_id, "cus_1", doc_version=5)])
    assert engine.write([document(publisher_id, "cus_1", version=4)])[0].outcome is Outcome.STALE
    fill(engine, [document(publisher_id, "cus_1", version=6, first_name="Ada")])
    assert ids(engine, publisher_id, "ada") == ["cus_1"]


def test_newest_version_wins_within_one_call(engine: Engine, publisher_id: str) -> None:
    versions = [2, 3, 1]
    engine.write([document(publisher_id, "cus_1", version=v, first_name=f"Name{v}") for v in versions])
    engine.refresh()
    assert engine.versions(publisher_id, ["cus_1"]) == {"cus_1": 3}
    assert ids(engine, publisher_id, "name3") == ["cus_1"]
    assert ids(engine, publisher_id, "name2") == []


def test_results_come_in_the_order_of_the_entries(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, "cus_2", version=9)])
    good = document(publisher_id, "cus_1")
    bad = replace(good, customer_id="x" * 500)
    stale = document(publisher_id, "cus_2", version=8)
    results = engine.write([bad, stale, good, bad])
    assert [result.outcome for result in results] == [
        Outcome.REFUSED,
        Outcome.STALE,
        Outcome.WRITTEN,
        Outcome.REFUSED,
    ]
    assert [result.id for result in results] == ["x" * 500, "cus_2", "cus_1", "x" * 500]
    assert results[0].reason
    assert not results[2].reason


@pytest.mark.parametrize(
    "change",
    [
        {"doc_version": -1},
        {"doc_version": 2**63},
        {"customer_id": ""},
        {"customer_id": "a\x00b"},
        {"customer_id": "a\ud800b"},
        {"stored": {"number": 2**70}},
    ],
)
def test_what_can_never_be_written_is_refused_alone(engine: Engine, publisher_id: str, change: dict[str, Any]) -> None:
    bad = replace(document(publisher_id, "cus_1"), **change)
    results = engine.write([bad, document(publisher_id, "cus_2")])
    assert [result.outcome for result in results] == [Outcome.REFUSED, Outcome.WRITTEN]


def test_nothing_is_written_without_a_publisher(engine: Engine, publisher_id: str) -> None:
    with pytest.raises(MissingPublisher):
        engine.write([document(publisher_id, "cus_1"), document("", "cus_2")])
    engine.refresh()
    assert engine.versions(publisher_id, ["cus_1"]) == {}


def test_many_in_one_call(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, f"cus_{n:04}", first_name="Ada", last_name=f"Nr{n}") for n in range(1_050)])
    assert engine.count(publisher_id) == 1_050
    assert ids(engine, publisher_id, "nr1049") == ["cus_1049"]
    assert len(list(engine.dump(publisher_id))) == 1_050


def test_dump_gives_back_all_that_was_written(engine: Engine, publisher_id: str) -> None:
    written = document(
        publisher_id, "cus_1", version=4, first_name="Jürgen", last_name="王", email="j.w@example.com",
        address={"city": "東京", "state": "CA", "country": "US"}, external_ids=[{"source": "a", "id": "A-1"}],
        attributes={"nested": [1, 2.5, None, {"x": "\x00"}]},
    )  # fmt: skip
    fill(engine, [written])
    (indexed,) = engine.dump(publisher_id)
    assert (indexed.id, indexed.doc_version, indexed.deleted) == ("cus_1", 4, False)
    assert indexed.tokens == written.tokens()
    assert indexed.stored == written.stored


def test_writers_at_once_end_in_the_newest_version_of_each(engine: Engine, publisher_id: str) -> None:
    """Names wander between customers, so that words come and go while others take them up."""
    failures: list[BaseException] = []

    def write(first: int) -> None:
        try:
            for version in range(first, 61, 3):
                entries = [
                    document(publisher_id, f"cus_{n}", version=version, first_name=f"Name{(n + version) % 7}")
                    for n in range(12)
                ]
                entries += [tombstone(publisher_id, "cus_0", doc_version=version)] if version % 5 == 0 else []
                engine.write(entries[:: 1 if version % 2 else -1])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.refresh()
    assert failures == []
    for n in range(12):
        assert f"cus_{n}" in ids(engine, publisher_id, f"Name{(n + 60) % 7}") or n == 0
    assert engine.versions(publisher_id, ["cus_0", "cus_11"]) == {"cus_0": 60, "cus_11": 60}
    expected = {f"cus_{n}": {f"name{(n + 60) % 7}"} for n in range(1, 12)}
    found = {entry.id: set(entry.tokens.get("first_name", ())) for entry in engine.dump(publisher_id)}
    assert {customer: words for customer, words in found.items() if customer != "cus_0"} == expected

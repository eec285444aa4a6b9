"""The indices of each engine beside each other: what a rebuild and a comparison rest on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.search.documents import tombstone
from services.search.engine.errors import MissingPublisher
from services.search.engine.indices import IN_SERVICE, every_document
from services.search.engine.port import Engine, Outcome
from services.search.tests.engine.conftest import ENGINES, MAKERS
from services.search.tests.engine.helpers import document, fill, ids
from services.search.text import NORMALIZER_VERSION


@pytest.fixture(params=ENGINES)
def alone(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine of the test's own."""
    with MAKERS[request.param]() as made:
        made.ensure()
        yield made


def test_a_new_index_is_made_with_this_version(alone: Engine) -> None:
    assert alone.indices.made_with() == NORMALIZER_VERSION
    assert alone.indices.spare() == []
    assert len(alone.indices.in_service()) == 1


def test_from_creating_to_dropping_searches_see_one_index_or_the_other(alone: Engine, publisher_id: str) -> None:
    indices, before = alone.indices, alone.indices.in_service()
    fill(alone, [document(publisher_id, "cus_1", first_name="Natalie")])
    name = indices.next_name()
    new = name not in before and name != IN_SERVICE
    assert indices.create(name) is new
    assert indices.create(name) is False, "it is there"
    assert indices.in_service() == before
    changed = document(publisher_id, "cus_1", version=2, first_name="Grace")
    (result,) = alone.write([changed], [IN_SERVICE, name])
    assert result.outcome is Outcome.WRITTEN
    alone.write([document(publisher_id, "cus_2", first_name="Grace")], [name])
    alone.refresh()
    indices.refresh(name)
    assert (ids(alone, publisher_id, "grace") == ["cus_1"]) is new
    assert [found.id for found in every_document(indices, name, publisher_id)] == ["cus_1", "cus_2"]
    for _ in range(2):
        indices.promote(name, NORMALIZER_VERSION)
        assert indices.in_service() == [name]
        assert ids(alone, publisher_id, "grace") == ["cus_2", "cus_1"]
    assert indices.spare() == (before if new else [])
    for old in indices.spare():
        indices.drop(old)
        indices.drop(old)
    assert indices.spare() == []
    assert ids(alone, publisher_id, "grace") == ["cus_2", "cus_1"]
    assert alone.write([replace(changed, doc_version=3)])[0].outcome is Outcome.WRITTEN, "as before"


def test_what_is_in_service_is_never_dropped(alone: Engine, publisher_id: str) -> None:
    fill(alone, [document(publisher_id, "cus_1")])
    for name in (IN_SERVICE, *alone.indices.in_service()):
        with pytest.raises(ValueError, match=r"in service|not the name"):
            alone.indices.drop(name)
    assert alone.count(publisher_id) == 1


def test_pages_and_reads_give_back_what_was_written(engine: Engine, publisher_id: str) -> None:
    written = [document(publisher_id, f"cus_{n}", version=n + 1, last_name=f"Nr{n}") for n in range(5)]
    fill(engine, [*written, tombstone(publisher_id, "cus_5", doc_version=9)])
    indices = engine.indices
    pages = [indices.page(IN_SERVICE, publisher_id, after=after, limit=2) for after in ("", "cus_1", "cus_5")]
    assert [[found.id for found in page] for page in pages] == [["cus_0", "cus_1"], ["cus_2", "cus_3"], []]
    assert pages[0][1].tokens == written[1].tokens()
    assert (pages[0][1].keys, pages[0][1].stored) == (written[1].keys, written[1].stored)
    read = indices.read(IN_SERVICE, publisher_id, ["cus_5", "cus_3", "cus_9"])
    assert set(read) == {"cus_3", "cus_5"}
    assert (read["cus_5"].deleted, read["cus_3"].tokens) == (True, written[3].tokens())
    assert indices.read(IN_SERVICE, publisher_id, []) == {}


def test_what_was_just_written_is_read_without_a_refresh(engine: Engine, publisher_id: str) -> None:
    engine.write([document(publisher_id, "cus_1", version=4)])
    assert engine.indices.read(IN_SERVICE, publisher_id, ["cus_1"])["cus_1"].doc_version == 4


def test_documents_of_nobody_are_forgotten_unless_newer(engine: Engine, publisher_id: str) -> None:
    other = f"pub_{secrets.token_hex(8)}"
    people = [document(publisher_id, f"cus_{n}", version=5, first_name="Natalie") for n in range(3)]
    fill(engine, [*people, document(other, "cus_0", version=5, first_name="Natalie")])
    engine.indices.forget(IN_SERVICE, publisher_id, {"cus_0": 5, "cus_1": 4, "cus_9": 1})
    engine.indices.forget(IN_SERVICE, publisher_id, {"cus_0": 5})
    engine.indices.forget(IN_SERVICE, publisher_id, {})
    engine.refresh()
    assert ids(engine, publisher_id, "natalie") == ["cus_2", "cus_1"]
    assert ids(engine, other, "natalie") == ["cus_0"]
    assert set(engine.versions(publisher_id, ["cus_0", "cus_1"])) == {"cus_1"}


def test_publishers_of_whom_there_is_anything(alone: Engine) -> None:
    assert alone.indices.publishers(IN_SERVICE) == []
    fill(alone, [document("pub_b", "cus_1"), tombstone("pub_a", "cus_1", doc_version=1), document("pub_b", "cus_2")])
    assert alone.indices.publishers(IN_SERVICE) == ["pub_a", "pub_b"]


@pytest.mark.parametrize("nobody", ["", " ", None])
def test_nothing_is_read_or_forgotten_without_a_publisher(engine: Engine, nobody: Any) -> None:
    indices = engine.indices
    for act in (
        lambda: indices.page(IN_SERVICE, nobody),
        lambda: indices.read(IN_SERVICE, nobody, ["cus_1"]),
        lambda: indices.forget(IN_SERVICE, nobody, {"cus_1": 1}),
    ):
        with pytest.raises(MissingPublisher):
            act()


@pytest.mark.parametrize("name", ["customers-999", "elsewhere", "*", "customers-*", ""])
def test_another_index_is_neither_dropped_nor_promoted_nor_written_to(
    engine: Engine, publisher_id: str, name: str
) -> None:
    before = engine.indices.in_service()
    for act in (lambda: engine.indices.promote(name, 1), lambda: engine.indices.page(name, publisher_id)):
        with pytest.raises(Exception, match=r"not the name|no index|can't do this now"):
            act()
    assert engine.indices.in_service() == before
    assert engine.indices.spare() == []

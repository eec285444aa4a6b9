"""Publishers never see each other's customers."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from services.search.documents import tombstone
from services.search.engine import opensearch_query, postgres_query
from services.search.engine.errors import MissingPublisher
from services.search.engine.port import Engine
from services.search.query.tree import Query, Word
from services.search.tests.engine.helpers import document, fill, ids, parse

NO_PUBLISHER: list[Any] = ["", " ", "\t\n", None, 0, False, [], b"pub_1"]


def test_same_words_same_customer_ids_two_publishers(engine: Engine, publisher_id: str) -> None:
    other = f"pub_{secrets.token_hex(8)}"
    fill(engine, [document(publisher_id, "cus_1", first_name="Natalie"), document(publisher_id, "cus_2")])
    fill(engine, [document(other, "cus_1", version=9, first_name="Natalie"), document(other, "cus_3")])
    for typed, mine in {"natalie": ["cus_1"], "nat": ["cus_1"], "natlaie": ["cus_1"], "": ["cus_2", "cus_1"]}.items():
        assert ids(engine, publisher_id, typed) == mine
    assert ids(engine, publisher_id, "cus_3") == []
    assert engine.versions(publisher_id, ["cus_1", "cus_2", "cus_3"]) == {"cus_1": 1, "cus_2": 1}
    assert engine.count(publisher_id) == 2
    assert [entry.id for entry in engine.dump(publisher_id)] == ["cus_1", "cus_2"]


def test_deleting_at_one_publisher_leaves_the_other_alone(engine: Engine, publisher_id: str) -> None:
    other = f"pub_{secrets.token_hex(8)}"
    fill(engine, [document(name, "cus_1", first_name="Natalie") for name in (publisher_id, other)])
    fill(engine, [tombstone(other, "cus_1", doc_version=2)])
    assert ids(engine, publisher_id, "natalie") == ["cus_1"]
    assert ids(engine, other, "natalie") == []


def test_publisher_and_customer_ids_are_not_mixed_up(engine: Engine) -> None:
    left, right = f"pub_{secrets.token_hex(4)}", secrets.token_hex(4)
    fill(
        engine, [document(left, f"{right}/c", first_name="Left"), document(f"{left}/{right}", "c", first_name="Right")]
    )
    assert ids(engine, left, "") == [f"{right}/c"]
    assert ids(engine, f"{left}/{right}", "") == ["c"]


@pytest.mark.parametrize(
    "typed", ["", "pub_other", "*", "publisher_id=x", "' OR true --", "}}]}}", "-nobody", "has:email"]
)
def test_a_publisher_of_which_nothing_is_known_finds_nothing(engine: Engine, publisher_id: str, typed: str) -> None:
    fill(engine, [document(publisher_id, "cus_1", first_name="Natalie")])
    for stranger in (f"{publisher_id}0", publisher_id[:-1], publisher_id.upper(), "*", "_all", "%"):
        assert ids(engine, stranger, typed) == []


@pytest.mark.parametrize("nobody", NO_PUBLISHER, ids=repr)
def test_every_read_refuses_without_a_publisher(engine: Engine, nobody: Any) -> None:
    for read in (
        lambda: engine.search(nobody, parse("ada"), limit=10),
        lambda: engine.search(nobody, Query(), limit=10),
        lambda: engine.search(nobody, Query((Word("*", ()),)), limit=10),
        lambda: engine.versions(nobody, ["cus_1"]),
        lambda: engine.count(nobody),
        lambda: list(engine.dump(nobody)),
    ):
        with pytest.raises(MissingPublisher):
            read()


@pytest.mark.parametrize("nobody", NO_PUBLISHER, ids=repr)
def test_the_functions_that_make_the_filter_refuse(nobody: Any) -> None:
    with pytest.raises(MissingPublisher):
        postgres_query.scope(nobody)
    with pytest.raises(MissingPublisher):
        opensearch_query.scope(nobody)


def test_opensearch_filter_stands_beside_whatever_is_asked() -> None:
    anything: dict[str, Any] = {"match_all": {}}
    limits = opensearch_query.scope("pub_1", anything)["bool"]["filter"]
    assert limits == [{"term": {"publisher_id": "pub_1"}}, {"term": {"deleted": False}}]

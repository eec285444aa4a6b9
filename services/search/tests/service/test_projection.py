"""The projection: whatever order events come in, and however often, the same comes out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from servicekit.ids import new_id
from services.search.comparison import compare
from services.search.engine.postgres import PostgresEngine
from services.search.inbound.customer import customer_told
from services.search.inbound.reading import UnreadableState
from services.search.projection import project_customers
from services.search.tests.service.system import System, anonymized, publisher, state, told

EXAMPLES = settings(
    max_examples=30,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = st.sampled_from(["Ada", "Müller", "Łukasz", "李小龍", "O'Neil", ""])
EMAILS = st.sampled_from([None, "ada@example.com", "Ada@Example.com", "bob@example.com"])
PEOPLE = 3


@st.composite
def histories(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """For each of a few customers its versions in order; one without fields is the anonymizing."""
    versions = st.lists(st.fixed_dictionaries({"last_name": NAMES, "email": EMAILS}), min_size=1, max_size=4)
    return [draw(versions) + ([{}] if draw(st.booleans()) else []) for _ in range(PEOPLE)]


def _snapshot(system: System, mine: str, names: dict[str, int]) -> dict[str, Any]:
    """All that the projection knows but the counters of its own."""
    with system.app_database.transaction(mine) as session:
        rows = session.execute(
            text("""SELECT customer_id, customer - 'id', customer_version, deleted, erased_at FROM search_customer
                WHERE publisher_id = :mine"""),
            {"mine": mine},
        ).all()
        identifiers = session.execute(
            text("SELECT customer_id, value FROM identifier WHERE publisher_id = :mine"), {"mine": mine}
        ).all()
    return {
        "rows": sorted((names[row[0]], str(row[1:])) for row in rows),
        "identifiers": sorted((names[row[0]], row[1]) for row in identifiers if not row[0].endswith(row[1][-26:])),
    }


def _events(mine: str, ids: list[str], history: list[list[dict[str, Any]]]) -> list[Any]:
    return [
        told(mine, customer_id, version, **fields) if fields else anonymized(mine, customer_id, version)
        for customer_id, versions in zip(ids, history, strict=True)
        for version, fields in enumerate(versions, 1)
    ]


@EXAMPLES
@given(history=histories(), data=st.data())
def test_shuffled_repeated_and_late_events_end_where_ordered_ones_do(
    system: System, history: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    straight, crooked = publisher(), publisher()
    ids = {mine: [new_id("cus") for _ in history] for mine in (straight, crooked)}
    system.tell(*_events(straight, ids[straight], history))
    events = _events(crooked, ids[crooked], history)
    order = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=5))
    while order:
        size = data.draw(st.integers(1, len(order)))
        system.tell(*order[:size])
        order = order[size:]
        if data.draw(st.booleans()):
            system.index()
    system.index()
    views = [
        _snapshot(system, mine, {customer_id: place for place, customer_id in enumerate(ids[mine])})
        for mine in (straight, crooked)
    ]
    assert views[0] == views[1]
    for mine in (straight, crooked):
        _assert_index_equals_a_fresh_one(system, mine)


def _assert_index_equals_a_fresh_one(system: System, mine: str) -> None:
    """What is there now, and what a new index gets when all of the projection is written to it."""
    grown = compare(system.app_database, system.engine, mine)
    assert grown.equal, grown
    with system.system_database.transaction() as session:
        session.execute(
            text(
                "DELETE FROM search_posting WHERE word IN (SELECT number FROM search_word WHERE publisher_id = :mine)"
            ),
            {"mine": mine},
        )
        session.execute(text("DELETE FROM search_word WHERE publisher_id = :mine"), {"mine": mine})
        session.execute(text("DELETE FROM search_document WHERE publisher_id = :mine"), {"mine": mine})
        session.execute(
            text("""INSERT INTO search_dirty (publisher_id, customer_id, doc_version, marked_at, due_at)
            SELECT publisher_id, customer_id, doc_version, now(), now() FROM search_customer
            WHERE publisher_id = :mine"""),
            {"mine": mine},
        )
    assert not compare(system.app_database, system.engine, mine).equal, "the index is empty: that must show"
    system.index()
    fresh = compare(system.app_database, system.engine, mine)
    assert fresh.equal
    assert fresh.index == grown.index


def test_a_comparison_sees_every_kind_of_difference(system: System) -> None:
    mine = publisher()
    ids = sorted(new_id("cus") for _ in range(4))
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in ids))
    system.index()
    with system.system_database.transaction() as session:
        for statement in (
            "DELETE FROM search_document WHERE customer_id = :a",
            'UPDATE search_document SET stored = stored || \'{"company": "x"}\' WHERE customer_id = :b',
            "DELETE FROM search_posting WHERE customer_id = :c AND attribute = 5",
        ):
            session.execute(text(statement), dict(zip("abc", ids, strict=False)))
    result = compare(system.app_database, system.engine, mine)
    assert (result.missing, result.different, result.unexpected) == ([ids[0]], ids[1:3], [])
    assert not result.equal


def test_nothing_late_brings_an_erased_customer_back(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(anonymized(mine, ada, 3))
    system.tell(told(mine, ada, 2, last_name="Lovelace"))
    with system.app_database.transaction(mine) as session:
        # Past the kit's own screening.
        late = customer_told(ada, 9, state(ada, last_name="Lovelace"))
        assert project_customers(session, publisher_id=mine, told=[late]) == 0
    system.index()
    assert system.found(mine, "") == []
    assert PostgresEngine(system.app_database.engine).versions(mine, [ada]).keys() == {ada}


def test_an_email_may_be_anothers_for_a_moment(system: System) -> None:
    """It goes from one customer to another, and the second one's event comes first."""
    mine, ada, bob = publisher(), new_id("cus"), new_id("cus")
    system.tell(told(mine, ada, 1, email="shared@example.com"))
    system.tell(told(mine, bob, 1, email="shared@example.com"))
    system.engine.down = True
    assert set(system.found(mine, "shared@example.com")) == {ada, bob}
    system.tell(told(mine, ada, 2, email="ada@example.com"))
    assert system.found(mine, "shared@example.com") == [bob]


def test_unknown_fields_are_ignored_and_missing_ones_are_null() -> None:
    read = customer_told("cus_1", 4, {"id": "cus_1", "last_name": "Byron", "login": {}, "shoe_size": 44})
    assert read.state["last_name"] == "Byron"
    assert read.state["email"] is None
    assert not {"login", "shoe_size"} & read.state.keys()


@pytest.mark.parametrize(
    "data",
    [
        {"id": "cus_2"},
        {},
        {"id": "cus_1", "email": 5},
        {"id": "cus_1", "address": []},
        {"id": "cus_1", "address": {"city": 5}},
        {"id": "cus_1", "external_ids": ["x"]},
        {"id": "cus_1", "external_ids": [{"id": 5, "source": "x"}]},
    ],
)
def test_a_state_of_another_form_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableState):
        customer_told("cus_1", 1, data)


def test_characters_that_a_database_cannot_hold_do_not_stop_it(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Love\0lace", attributes={"a\0b": "\0"}))
    system.index()
    assert system.found(mine, ada) == [ada]
    assert compare(system.app_database, system.engine, mine).equal

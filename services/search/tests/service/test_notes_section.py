"""What notes tell of a customer: how many, which flags; asked for, sorted by and shown, on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from servicekit.feed import FeedItem, FeedPage
from servicekit.ids import new_id
from servicekit.testing.databases import Template
from services.search.bootstrap_sections import bootstrap_section
from services.search.comparison import compare
from services.search.inbound.notes import summary_told
from services.search.inbound.reading import Told, UnreadableState
from services.search.sections import SUMMARY
from services.search.tests.service.rebuilding import made_system
from services.search.tests.service.system import BEGINNING, System, anonymized, publisher
from services.search.tests.service.test_sections import Shop, account, item, person, take_in


def summary(customer_id: str, version: int = 1, **fields: Any) -> Told:
    told = {"notes_count": 2, "flags": ["at_risk", "vip"], "last_note_at": "2026-03-09T10:00:00.000000Z"}
    return summary_told(customer_id, version, {"customer_id": customer_id, "customer_flags": ["vip"], **told, **fields})


@pytest.fixture(scope="module", params=["postgres", pytest.param("opensearch", marks=pytest.mark.real("OpenSearch"))])
def flagged(request: pytest.FixtureRequest, search_template: Template) -> Iterator[Shop]:
    """Four customers: one with two flags, one with a flag of the publisher's own, one flagged without a note, one
    whom nobody wrote about."""
    with made_system(search_template, request.param) as made, pytest.MonkeyPatch.context() as patched:
        patched.setattr("services.search.api.clock.now", lambda: BEGINNING)
        mine, ids = publisher(), sorted(new_id("cus") for _ in range(4))
        ada, bob, cy, _dan = ids
        take_in(made, mine, *map(person, ids), summary(ada), account(ada))
        take_in(made, mine, summary(bob, notes_count=12, flags=["press_contact"], last_note_at="2025-01-01T00:00:00Z"))
        take_in(made, mine, summary(cy, notes_count=0, flags=["vip_gold"], last_note_at=None))
        made.index()
        yield made, mine, dict(zip(ids, ("ada", "bob", "cy", "dan"), strict=True))


@pytest.mark.parametrize(
    ("asked", "whom"),
    [
        ("flag:vip", "ada"),
        ("flag:VIP", "ada"),
        ("flags:vip,press_contact", "ada bob"),
        ("-flag:vip", "bob cy dan"),
        ("flag:at_risk", "ada"),
        ('flag:"at risk"', "ada"),
        ('flag:"At Risk"', "ada"),
        ("flag:at-risk", "ada"),
        ("flag:press_contact", "bob"),
        ("flag:vip_gold", "cy"),
        ("flag:unheard_of", ""),
        ("has:flag", "ada bob cy"),
        ('flag:""', "dan"),
        ("has:note", "ada bob"),
        ("has:notes", "ada bob"),
        ("-has:note", "cy dan"),
        ("notes>2", "bob"),
        ("notes:0", "cy dan"),
        ("notes:1..5", "ada"),
        ("last_note<30d", "ada"),
        ("last_note>30d", "bob"),
        ("flag:vip transactions>3", "ada"),
        ("vip", ""),
    ],
)
def test_they_are_asked_for(flagged: Shop, asked: str, whom: str) -> None:
    system, mine, names = flagged
    assert sorted(names[each] for each in system.found(mine, asked)) == whom.split()
    if ":" in asked or ">" in asked or "<" in asked:
        assert sorted(names[each] for each in system.found(mine, "", filter=asked)) == whom.split()


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("notes_count", "cy dan ada bob"),
        ("-notes_count", "bob ada dan cy"),
        ("flags", "ada bob cy dan"),
        ("-last_note_at", "ada bob dan cy"),
    ],
)
def test_they_are_sorted_by(flagged: Shop, sort: str, expected: str) -> None:
    system, mine, names = flagged
    assert [names[each] for each in system.found(mine, "", sort=sort)] == expected.split()


def test_they_are_shown_also_to_those_who_see_no_personal_data(flagged: Shop) -> None:
    system, mine, _names = flagged
    for scopes in (("search:read",), ("search:read", "personal:read")):
        answer = system.get(mine, scopes=scopes, q="flag:vip", columns="notes_count,flags,last_note_at").get_json()
        (found,) = answer["items"]
        assert (found["notes_count"], found["flags"]) == (2, ["at_risk", "vip"])
        assert found["last_note_at"] == "2026-03-09T10:00:00.000000Z"


def test_a_flag_taken_away_is_not_found_any_more(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, summary(ada, 1), person(ada))
    take_in(system, mine, summary(ada, 3, flags=[], notes_count=1), summary(ada, 2))
    system.index()
    assert system.found(mine, "flag:vip") == []
    assert item(system, mine, q="has:note")["notes_count"] == 1
    assert compare(system.app_database, system.engine, mine).equal


def test_the_section_is_filled_from_the_producers_feed_and_believed_afresh(system: System) -> None:
    mine, ada, bob = publisher(), *sorted(new_id("cus") for _ in range(2))
    take_in(system, mine, person(ada), person(bob), summary(ada, 9, flags=["at_risk"]), summary(bob, 9))

    def fetch(_cursor: str | None) -> FeedPage:
        data = {"customer_id": ada, "notes_count": 1, "flags": ["vip"], "last_note_at": None}
        item = FeedItem(subject=ada, publisher_id=mine, version=2, datasubject=ada, deleted=False, data=data)
        return FeedPage([item], None)

    assert bootstrap_section(SUMMARY, fetch, system.app_database) == 1
    system.index()
    assert sorted(system.found(mine, "flag:at_risk")) == [ada, bob]

    bootstrap_section(SUMMARY, fetch, system.app_database, afresh=True)
    system.index()
    assert system.found(mine, "flag:vip") == [ada]
    assert system.found(mine, "flag:at_risk") == []


def test_an_erased_customers_flags_are_gone(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada), summary(ada))
    system.index()
    system.tell(anonymized(mine, ada, 2))
    assert take_in(system, mine, summary(ada, 9)) == 0
    system.index()
    assert system.found(mine, "flag:vip") == []


def test_a_write_of_notes_is_waited_for(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    take_in(system, mine, person(ada))
    system.index()
    take_in(system, mine, summary(ada, 4))
    answer = system.get(mine, q="flag:vip", version_token=f"{ada}.notes.4", wait_ms=0).get_json()
    assert (answer["version_token_satisfied"], [each["id"] for each in answer["items"]]) == (True, [ada])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"customer_id": "cus_2"},
        {"customer_id": "cus_1", "notes_count": "2"},
        {"customer_id": "cus_1", "notes_count": True},
        {"customer_id": "cus_1", "flags": "vip"},
        {"customer_id": "cus_1", "flags": [1]},
        {"customer_id": "cus_1", "last_note_at": 5},
    ],
)
def test_a_summary_of_another_form_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableState):
        summary_told("cus_1", 1, data)

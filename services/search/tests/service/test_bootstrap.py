"""Filling the projection from the owner's feed, over HTTP, interrupted, and while events flow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from servicekit.feed import FeedItem, FeedPage
from servicekit.ids import new_id
from services.search.bootstrap_customers import bootstrap_customers
from services.search.comparison import compare
from services.search.tests.service.system import System, anonymized, publisher, state, told


def _item(publisher_id: str, customer_id: str, version: int, *, deleted: bool = False, name: str = "Ada") -> FeedItem:
    return FeedItem(
        subject=customer_id,
        publisher_id=publisher_id,
        version=version,
        datasubject=customer_id,
        deleted=deleted,
        data=state(customer_id, version, last_name=None if deleted else name),
    )


class Interrupted(Exception):
    """The run ends here."""


def _pages(
    items: list[FeedItem], before: Callable[[int], None] = lambda _start: None
) -> Callable[[str | None], FeedPage]:
    def fetch(cursor: str | None) -> FeedPage:
        start = int(cursor or 0)
        before(start)
        end = start + 2
        return FeedPage(items[start:end], str(end) if end < len(items) else None)

    return fetch


def test_everything_is_taken_in_and_tombstones_are_confirmed(system: System) -> None:
    mine, other = publisher(), publisher()
    ids = [new_id("cus") for _ in range(5)]
    items = [
        _item(mine, ids[0], 1),
        _item(other, ids[1], 4),
        _item(mine, ids[2], 2, deleted=True),
        _item(mine, ids[3], 7),
        _item(other, ids[4], 1),
    ]
    assert bootstrap_customers(_pages(items), system.app_database) == 5
    system.index()
    assert set(system.found(mine, "Ada")) == {ids[0], ids[3]}
    assert set(system.found(other, "Ada")) == {ids[1], ids[4]}
    assert [event.subject for event in system.confirmations()] == [ids[2]]


def test_an_interrupted_run_goes_on_and_live_events_are_not_overwritten(system: System) -> None:
    mine = publisher()
    ids = sorted(new_id("cus") for _ in range(6))
    items = [_item(mine, customer_id, 2) for customer_id in ids]

    def break_off(start: int) -> None:
        if start == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        bootstrap_customers(_pages(items, break_off), system.app_database)
    # While it ran: one edited, one anonymized, one whose older event comes late.
    system.tell(told(mine, ids[4], 3, last_name="Byron"), told(mine, ids[5], 1, last_name="Late"))
    system.tell(anonymized(mine, ids[0], 3))
    starts: list[int] = []
    bootstrap_customers(_pages(items, starts.append), system.app_database)
    assert starts == [4]
    bootstrap_customers(_pages(items), system.app_database)
    system.index()
    assert set(system.found(mine, "Ada")) == {*ids[1:4], ids[5]}
    assert system.found(mine, "Byron") == [ids[4]]
    assert system.found(mine, "Late") == []
    assert compare(system.app_database, system.engine, mine).equal


def test_afresh_the_owner_is_believed_whatever_was_known(system: System) -> None:
    mine, other = publisher(), publisher()
    older, damaged, extra, erased, fine = sorted(new_id("cus") for _ in range(5))
    system.tell(
        told(mine, older, 9, last_name="Ahead"),
        told(mine, damaged, 2, last_name="Damaged"),
        told(mine, extra, 1, last_name="Extra"),
        told(mine, fine, 3, last_name="Fine"),
        anonymized(mine, erased, 4),
    )
    system.tell(told(other, extra, 1, last_name="Extra"))
    system.index()
    items = [
        _item(mine, older, 5, name="Older"),
        _item(mine, damaged, 2, name="Right"),
        _item(mine, erased, 4, deleted=True),
        _item(mine, fine, 3, name="Fine"),
        _item(other, extra, 1, name="Extra"),
    ]
    assert bootstrap_customers(_pages(items), system.app_database) == 5
    system.index()
    assert system.found(mine, "Damaged") == [damaged], "the version decides"
    confirmed = len(system.confirmations())
    assert bootstrap_customers(_pages(items), system.app_database, afresh=True) == 5
    system.index()
    for name, found in {
        "Ahead": [],
        "Older": [older],
        "Damaged": [],
        "Right": [damaged],
        "Extra": [],
        "Fine": [fine],
    }.items():
        assert system.found(mine, name) == found, name
    assert system.found(other, "Extra") == [extra]
    assert len(system.confirmations()) == confirmed, "no erasure is told of anew"
    for whose in (mine, other):
        assert compare(system.app_database, system.engine, whose).equal
    system.tell(told(mine, extra, 2, last_name="Back"))
    system.index()
    assert system.found(mine, "Back") == [extra]


def test_afresh_what_comes_in_meanwhile_is_not_overwritten(system: System) -> None:
    mine = publisher()
    ids = sorted(new_id("cus") for _ in range(4))
    system.tell(*(told(mine, customer_id, 2, last_name="Ada") for customer_id in ids))

    def live(start: int) -> None:
        if start == 0:
            # Read by the feed before, told after, taken in first.
            system.tell(told(mine, ids[0], 3, last_name="Byron"), anonymized(mine, ids[1], 3))
            system.tell(told(mine, new, 1, last_name="Newcomer"))

    new = new_id("cus")
    bootstrap_customers(
        _pages([_item(mine, customer_id, 2) for customer_id in ids], live), system.app_database, afresh=True
    )
    system.index()
    assert system.found(mine, "Byron") == [ids[0]]
    assert system.found(mine, "Newcomer") == [new]
    assert set(system.found(mine, "Ada")) == set(ids[2:])
    assert compare(system.app_database, system.engine, mine).equal


def test_afresh_and_killed_it_is_put_right_by_the_next(system: System) -> None:
    mine = publisher()
    ids = sorted(new_id("cus") for _ in range(4))
    system.tell(*(told(mine, customer_id, 2, last_name="Ada") for customer_id in ids))
    items = [_item(mine, customer_id, 2) for customer_id in ids[:3]]

    def break_off(start: int) -> None:
        if start == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        bootstrap_customers(_pages(items, break_off), system.app_database, afresh=True)
    system.index()
    assert set(system.found(mine, "Ada")) == set(ids), "nobody is gone meanwhile"
    bootstrap_customers(_pages(items), system.app_database, afresh=True)
    system.index()
    assert set(system.found(mine, "Ada")) == set(ids[:3])

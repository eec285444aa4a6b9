"""Filling the projection from the feeds of billing and notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from servicekit.events import Event
from servicekit.feed import FeedItem, FeedPage
from servicekit.ids import new_id
from services.search.bootstrap_others import FEEDS, Feed, bootstrap_feed
from services.search.comparison import compare
from services.search.tests.service.system import System, account, anonymized, publisher, told, transaction

ACCOUNTS, TRANSACTIONS, SUMMARIES = FEEDS


def pages(events: Sequence[Event], *, erased: Sequence[str] = ()) -> Callable[[str | None], FeedPage]:
    """A feed of what these events tell, two at a time."""
    items = [
        FeedItem(
            subject=event.subject,
            publisher_id=event.publisher_id,
            version=event.aggregate_version,
            datasubject=event.datasubject,
            deleted=event.datasubject in erased,
            data=event.data,
        )
        for event in sorted(events, key=lambda event: event.subject)
    ]

    def fetch(cursor: str | None) -> FeedPage:
        start = int(cursor or 0)
        return FeedPage(items[start : start + 2], str(start + 2) if start + 2 < len(items) else None)

    return fetch


def test_feeds_are_those_that_their_owners_have() -> None:
    assert [(feed.name, feed.owner, feed.path) for feed in FEEDS] == [
        ("accounts", "billing", "/internal/feed/accounts"),
        ("transactions", "billing", "/internal/feed/transactions"),
        ("summaries", "notes", "/internal/feed/summaries"),
    ]


def test_accounts_and_transactions_are_taken_in_and_newer_events_stay(system: System) -> None:
    mine, other, (ada, bob, gone) = publisher(), publisher(), (new_id("cus") for _ in range(3))
    bought, theirs = new_id("txn"), new_id("txn")
    system.tell(told(mine, ada), told(mine, bob))
    system.tell(told(other, ada))
    system.tell(anonymized(mine, gone, 2))
    system.tell(account(mine, bob, 5, transactions_count=5))
    accounts = [account(mine, ada, 2, transactions_count=2), account(mine, bob, 4, transactions_count=4)]
    accounts.append(account(mine, gone, 9, transactions_count=9))
    assert bootstrap_feed(ACCOUNTS, pages(accounts, erased=[gone]), system.app_database) == 3
    sold = [
        transaction(mine, bought, ada, external_order_id="FEED-1001"),
        transaction(other, theirs, ada, external_order_id="FEED-2002"),
        transaction(mine, new_id("txn"), gone, external_order_id="FEED-3003"),
    ]
    assert bootstrap_feed(TRANSACTIONS, pages(sold, erased=[gone]), system.app_database) == 3
    system.index()
    assert system.found(mine, "transactions:2") == [ada]
    assert system.found(mine, "transactions:5") == [bob]
    assert (system.found(mine, "FEED-1001"), system.found(mine, "FEED-2002")) == ([ada], [])
    assert (system.found(other, "FEED-2002"), system.found(mine, "FEED-3003")) == ([ada], [])
    for whose in (mine, other):
        assert compare(system.app_database, system.engine, whose).equal


@pytest.mark.parametrize("feed", [ACCOUNTS, TRANSACTIONS], ids=lambda feed: feed.name)
def test_afresh_the_owner_is_believed_whatever_was_known(system: System, feed: Feed) -> None:
    mine, ada, bob = publisher(), new_id("cus"), new_id("cus")
    first, second = new_id("txn"), new_id("txn")
    system.tell(told(mine, ada), told(mine, bob))
    system.tell(account(mine, ada, 9, transactions_count=9), account(mine, bob, 1, transactions_count=1))
    system.tell(
        transaction(mine, first, ada, 9, external_order_id="AHEAD-1"),
        transaction(mine, second, bob, 1, external_order_id="EXTRA-1"),
    )
    known = {
        "accounts": [account(mine, ada, 3, transactions_count=3)],
        "transactions": [transaction(mine, first, ada, 3, external_order_id="RIGHT-1")],
    }
    assert bootstrap_feed(feed, pages(known[feed.name]), system.app_database) == 1
    system.index()
    assert (system.found(mine, "transactions:9"), system.found(mine, "AHEAD-1")) == ([ada], [ada])
    assert bootstrap_feed(feed, pages(known[feed.name]), system.app_database, afresh=True) == 1
    system.index()
    if feed is ACCOUNTS:
        assert (system.found(mine, "transactions:3"), system.found(mine, "transactions:0")) == ([ada], [bob])
        assert system.found(mine, "EXTRA-1") == [bob]
    else:
        assert (system.found(mine, "RIGHT-1"), system.found(mine, "AHEAD-1")) == ([ada], [])
        assert (system.found(mine, "EXTRA-1"), system.found(mine, "transactions:9")) == ([], [ada])
    assert compare(system.app_database, system.engine, mine).equal

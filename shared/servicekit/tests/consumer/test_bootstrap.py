"""A consumer that starts when there is already something to know."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import column, insert, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from servicekit.bootstrap import Bootstrapping, bootstrap, forget_bootstrap, is_bootstrapped
from servicekit.db.database import Database
from servicekit.errors import BadRequest
from servicekit.feed import FeedItem, FeedPage, read_feed
from servicekit.screening import lock_people
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import copied, copy_items, event, message, worker

OWNERS = table("copy", column("publisher_id"), column("subject"), column("version"), column("name"))


def item(subject: str, version: int = 1, *, deleted: bool = False, publisher: str = "pub_1") -> FeedItem:
    data = {} if deleted else {"name": f"{subject} {version}"}
    return FeedItem(
        subject=subject, publisher_id=publisher, version=version, datasubject=subject, deleted=deleted, data=data
    )


class Owner:
    """An owner's feed over a list, by pages of two, as its route would answer."""

    def __init__(self, items: Sequence[FeedItem]) -> None:
        self.items = items
        self.fetched: list[str | None] = []
        self.fail_at: int | None = None

    def fetch(self, cursor: str | None) -> FeedPage:
        if len(self.fetched) == self.fail_at:
            raise ConnectionRefusedError
        self.fetched.append(cursor)
        start = int(cursor or 0)
        following = str(start + 2) if start + 2 < len(self.items) else None
        return FeedPage.from_json(FeedPage(self.items[start : start + 2], following).to_json())


def test_everything_arrives_in_its_publisher_with_progress(app: Database) -> None:
    owner = Owner([item("cus_1"), item("cus_2", publisher="pub_2"), item("cus_3", deleted=True)])
    told: list[int] = []
    assert bootstrap("shop", owner.fetch, copy_items, app, progress=told.append) == 3
    assert copied(app) == {"cus_1": (1, "cus_1 1"), "cus_3": (1, None)}
    assert copied(app, "pub_2") == {"cus_2": (1, "cus_2 1")}
    assert told == [2, 3]
    assert is_bootstrapped(app, "shop")
    assert not is_bootstrapped(app, "other")


def test_an_interrupted_one_goes_on_where_it_was(app: Database) -> None:
    owner = Owner([item(f"cus_{number}") for number in range(7)])
    owner.fail_at = 2
    with pytest.raises(ConnectionRefusedError):
        bootstrap("shop", owner.fetch, copy_items, app)
    assert not is_bootstrapped(app, "shop")
    owner.fail_at = None
    assert bootstrap("shop", owner.fetch, copy_items, app) == 7
    assert owner.fetched == [None, "2", "4", "6"]
    assert len(copied(app)) == 7


def test_a_finished_one_begins_anew_and_changes_nothing(app: Database) -> None:
    owner = Owner([item("cus_1", 3)])
    bootstrap("shop", owner.fetch, copy_items, app)
    owner.items = [item("cus_1", 2), item("cus_2", 1)]
    bootstrap("shop", owner.fetch, copy_items, app)
    assert copied(app) == {"cus_1": (3, "cus_1 3"), "cus_2": (1, "cus_2 1")}
    with app.transaction() as session:
        forget_bootstrap(session, "shop")
    assert not is_bootstrapped(app, "shop")


@pytest.mark.parametrize(
    ("failure", "times", "passes"), [("40P01", 1, True), ("40001", 4, True), ("40P01", 5, False), ("22000", 1, False)]
)
def test_what_a_deadlock_stopped_is_tried_again(app: Database, failure: str, times: int, passes: bool) -> None:
    failures = [failure] * times

    def apply(session: Session, items: Sequence[FeedItem]) -> None:
        copy_items(session, items)
        if failures:
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'stopped' USING ERRCODE = '{failures.pop()}'; END $$"))

    feed = Owner([item("cus_1"), item("cus_2")]).fetch
    if passes:
        assert bootstrap("shop", feed, apply, app) == 2
        assert copied(app) == {"cus_1": (1, "cus_1 1"), "cus_2": (1, "cus_2 1")}
    else:
        with pytest.raises(DBAPIError):
            bootstrap("shop", feed, apply, app)
        assert (copied(app), is_bootstrapped(app, "shop")) == ({}, False)


def test_erased_people_stay_erased_and_their_tombstones_come(app: Database) -> None:
    with app.transaction("pub_1") as session:
        session.execute(text("INSERT INTO erased_subject VALUES ('pub_1', 'cus_1', now()), ('pub_1', 'cus_2', now())"))
    bootstrap("shop", Owner([item("cus_1"), item("cus_2", 2, deleted=True), item("cus_3")]).fetch, copy_items, app)
    assert copied(app) == {"cus_2": (2, None), "cus_3": (1, "cus_3 1")}


def test_a_tombstone_waits_for_what_is_just_being_taken_in(app: Database) -> None:
    """Else the erasure would not see what another transaction has not committed yet."""
    with app.transaction("pub_1") as taking:
        lock_people(taking, "pub_1", ["cus_1", "cus_2"])
        feed = Owner([item("cus_1", 2, deleted=True)]).fetch
        erasing = threading.Thread(target=bootstrap, args=("shop", feed, copy_items, app))
        erasing.start()
        erasing.join(0.3)
        assert erasing.is_alive(), "it waits"
        assert bootstrap("other", Owner([item("cus_2")]).fetch, copy_items, app) == 1, "what is taken in does not"
    erasing.join(10)
    assert copied(app) == {"cus_1": (2, None), "cus_2": (1, "cus_2 1")}


def test_it_runs_while_live_events_flow(app: Database, system: Database) -> None:
    queue, total = MemoryQueue(), 60
    owner = Owner([item(f"cus_{number:03}", 1) for number in range(total)])
    queue.put(*(message(event(f"cus_{number:03}", 2)) for number in range(0, total, 2)))
    live = worker(queue, app, system, batch=3)

    def consume() -> None:
        while not queue.is_empty:
            live.step(0)

    thread = threading.Thread(target=consume)
    thread.start()
    bootstrap("shop", owner.fetch, copy_items, app)
    thread.join(20)
    assert {version for version, _name in copied(app).values()} == {1, 2}
    assert [version for _subject, (version, _name) in sorted(copied(app).items())] == [2, 1] * (total // 2)


def test_a_feed_read_page_by_page_has_every_row_once(app: Database) -> None:
    with app.transaction("pub_1") as session:
        rows = [{"publisher_id": "pub_1", "subject": f"cus_{n:02}", "version": n, "name": "x"} for n in range(7)]
        session.execute(insert(OWNERS), rows)

    def read(session: Session, cursor: str | None, limit: int) -> FeedPage:
        return read_feed(
            session,
            select(OWNERS),
            key=OWNERS.c.subject,
            present=lambda row: item(row.subject, row.version),
            cursor=cursor,
            limit=limit,
        )

    seen: list[str] = []
    cursor: str | None = None
    with app.transaction("pub_1") as session:
        while True:
            page = read(session, cursor, 3)
            seen += [one.subject for one in page.items]
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        assert seen == [f"cus_{n:02}" for n in range(7)]
        assert read(session, None, 7).next_cursor is None
        with pytest.raises(BadRequest):
            read(session, "no cursor", 3)


def test_a_service_that_joins_fills_itself_once_however_often_that_fails_first(app: Database) -> None:
    owner = Owner([item("cus_1"), item("cus_2"), item("cus_3")])
    owner.fail_at = 1
    tries: list[int] = []

    def read() -> int:
        tries.append(1)
        if len(tries) > 2:
            owner.fail_at = None
        return bootstrap("shop", owner.fetch, copy_items, app)

    Bootstrapping("shop", read, app, back_off=(0.001, 0.01)).run(threading.Event())
    assert set(copied(app)) == {"cus_1", "cus_2", "cus_3"}
    assert len(tries) == 3

    Bootstrapping("shop", read, app).run(threading.Event())
    assert len(tries) == 3, "what was read to its end is not read again"

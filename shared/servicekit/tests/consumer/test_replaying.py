"""Parked messages, once what kept them from being handled is mended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from servicekit.bus import Message
from servicekit.commands import ServiceCommands
from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls
from servicekit.dispatch import Dispatcher
from servicekit.events import Event
from servicekit.parked_commands import parked_commands
from servicekit.parking import list_parked
from servicekit.replaying import Replayed, replay_parked
from servicekit.subscriptions import Effect, Erasure, State, Subscriptions
from servicekit.testing.databases import ScratchDatabase
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import (
    EDITED,
    ERASED,
    LOGGED_IN,
    SUBSCRIPTIONS,
    copied,
    copy_customers,
    done,
    erase,
    event,
    message,
    note_login,
    worker,
)

CONFIRMED = "other.customer.erased.v1"


def _broken(_session: Session, _given: Any) -> None:
    raise ZeroDivisionError


BROKEN: Subscriptions = {
    EDITED: State(_broken),
    LOGGED_IN: Effect(_broken),
    ERASED: Erasure(_broken),
    CONFIRMED: Erasure(_broken),
}
MENDED: Subscriptions = {**SUBSCRIPTIONS, CONFIRMED: Erasure(note_login)}


@pytest.fixture
def park(app: Database, system: Database) -> Callable[..., list[str]]:
    """Have a broken worker park these, and tell their numbers."""

    def park(*told: Event | bytes) -> list[str]:
        queue = MemoryQueue()
        for one in told:
            queue.put(message(one) if isinstance(one, Event) else Message(id="", type=LOGGED_IN, body=one, headers={}))
        worker(queue, app, system, BROKEN).step(0)
        return parked_ids(system)

    return park


def parked_ids(system: Database) -> list[str]:
    with system.transaction() as session:
        return [parked.id for parked in list_parked(session)]


def replay(app: Database, system: Database, subscriptions: Subscriptions = MENDED, **chosen: Any) -> Replayed:
    return replay_parked(Dispatcher("toy", subscriptions), app=app, system=system, **chosen)


def test_they_are_handled_once_the_cause_is_gone(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    logins = [event(f"cus_{number}", 1, type_=LOGGED_IN, poison=number == 1) for number in range(3)]
    ids = park(*logins, event("cus_9", 4, publisher="pub_2"))

    replayed = replay(app, system)

    assert replayed.done == (ids[0], ids[2], ids[3])
    assert list(replayed.failed) == [ids[1]] == parked_ids(system)
    assert [event_id for event_id, _person in done(app)] == [logins[0].id, logins[2].id]
    assert copied(app, "pub_2") == {"cus_9": (4, "cus_9 4")}
    assert replay(app, system) == Replayed((), replayed.failed), "nothing is done twice"
    assert len(done(app)) == 2


def test_one_that_fails_again_stays_with_the_new_reason(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    (row_id,) = park(event(type_=LOGGED_IN, poison=True, name="Ada Lovelace"))

    failed = replay(app, system).failed

    with system.transaction() as session:
        (parked,) = list_parked(session)
    assert failed == {row_id: parked.reason}
    assert "ValueError" in parked.reason
    assert "Ada" not in parked.reason


def test_only_the_chosen_ones_are_handled(park: Callable[..., list[str]], app: Database, system: Database) -> None:
    first, second = park(event("cus_1", 1, type_=LOGGED_IN), event("cus_2", 1, type_=LOGGED_IN))

    assert replay(app, system, ids=[second, "prk_unknown"]).done == (second,)

    assert [person for _event, person in done(app)] == ["cus_2"]
    assert parked_ids(system) == [first]


def test_what_nobody_can_read_or_handles_any_more_says_so(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    ids = park(b"no event", event(type_=LOGGED_IN))

    assert replay(app, system, {EDITED: State(copy_customers)}).failed == {
        ids[0]: "not a CloudEvent of ours",
        ids[1]: "nobody here handles this type any more",
    }


def test_a_parked_erasure_is_done_after_all_and_takes_what_is_parked_with_it(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    queue = MemoryQueue()
    queue.put(message(event("cus_1", 1)))
    worker(queue, app, system).step(0)
    _login, erasure, other = park(
        event("cus_1", 2, type_=LOGGED_IN), event("cus_1", 3, type_=ERASED), event("cus_2", 1, type_=LOGGED_IN)
    )

    assert replay(app, system, ids=[erasure]).done == (erasure,)

    assert copied(app) == {"cus_1": (1, None)}
    assert parked_ids(system) == [other]


def test_another_erasure_of_the_same_person_does_not_take_a_parked_one_away(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    """Two services tell that they have erased their parts: the one's word is not the other's."""
    (row_id,) = park(event("cus_1", 1, type_=CONFIRMED))
    queue = MemoryQueue()
    queue.put(message(event("cus_1", 2, type_=ERASED)))
    worker(queue, app, system, MENDED).step(0)

    assert parked_ids(system) == [row_id]
    assert replay(app, system).done == (row_id,)
    assert len(done(app)) == 1


def test_what_is_parked_of_a_person_erased_meanwhile_is_not_taken_in(
    park: Callable[..., list[str]], app: Database, system: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure comes when the replay has read the message and has not begun its transaction."""
    park(event("cus_1", 1, type_=LOGGED_IN))
    queue = MemoryQueue()
    queue.put(message(event("cus_1", 2, type_=ERASED)))
    erasing = worker(queue, app, system)
    read = Event.from_json

    def erase_first(body: bytes) -> Event:
        monkeypatch.undo()
        erasing.step(0)
        return read(body)

    monkeypatch.setattr(Event, "from_json", erase_first)
    assert replay(app, system) == Replayed((), {})
    assert done(app) == []
    assert queue.is_empty


def test_a_replay_and_an_erasure_of_the_same_person_do_not_lock_each_other_up(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    park(event("cus_1", 1, type_=LOGGED_IN))
    inside, go_on = threading.Event(), threading.Event()

    def slow(session: Session, one: Event) -> None:
        erase(session, one)
        inside.set()
        assert go_on.wait(10)

    queue = MemoryQueue()
    queue.put(message(event("cus_1", 2, type_=ERASED)))
    erasing = threading.Thread(target=worker(queue, app, system, {ERASED: Erasure(slow)}).step, args=(0,))
    erasing.start()
    assert inside.wait(10)
    replayed: list[Replayed] = []
    replaying = threading.Thread(target=lambda: replayed.append(replay(app, system)))
    replaying.start()
    replaying.join(0.3)
    assert replaying.is_alive(), "it waits"
    go_on.set()
    erasing.join(10)
    replaying.join(10)
    assert queue.pauses == []
    assert replayed == [Replayed((), {})]
    assert done(app) == []


def test_two_replays_at_once_handle_each_message_once(
    park: Callable[..., list[str]], app: Database, system: Database
) -> None:
    ids = park(*(event(f"cus_{number}", 1, type_=LOGGED_IN) for number in range(20)))
    replayed: list[Replayed] = []
    threads = [threading.Thread(target=lambda: replayed.append(replay(app, system))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(row_id for each in replayed for row_id in each.done) == sorted(ids)
    assert all(not each.failed for each in replayed)
    assert len(done(app)) == 20


@pytest.fixture
def run(scratch: ScratchDatabase) -> Callable[..., Result]:
    """The commands as a service's command line has them."""

    def run(*arguments: str, urls: DatabaseUrls = scratch.urls) -> Result:
        group = ServiceCommands("toy")
        for command in parked_commands(Dispatcher("toy", MENDED), lambda: urls):
            group.add_command(command)
        assert isinstance(group, click.Group)
        return CliRunner().invoke(group, list(arguments))

    return run


def test_the_commands_show_replay_and_drop(
    park: Callable[..., list[str]], run: Callable[..., Result], app: Database, system: Database
) -> None:
    good, poison, garbage = park(
        event("cus_1", 1, type_=LOGGED_IN), event("cus_2", 1, type_=LOGGED_IN, poison=True), b"no event"
    )

    listed = run("list-parked")
    assert listed.exit_code == 0
    assert all(told in listed.output for told in (good, poison, garbage, LOGGED_IN, "cus_1", "pub_1", "ZeroDivision"))
    assert "3 parked." in listed.output

    replayed = run("replay-parked")
    assert replayed.exit_code == 1
    assert f"{good}  handled" in replayed.output
    assert f"{poison}  still can't be handled: ValueError" in replayed.output
    assert f"{garbage}  still can't be handled: not a CloudEvent of ours" in replayed.output

    dropped = run("drop-parked", garbage, poison)
    assert dropped.exit_code == 0
    assert parked_ids(system) == []
    assert run("replay-parked").output == "0 handled.\n"
    assert [person for _event, person in done(app)] == ["cus_1"]


def test_one_is_replayed_by_its_number(park: Callable[..., list[str]], run: Callable[..., Result]) -> None:
    first, _second = park(event("cus_1", 1, type_=LOGGED_IN), event("cus_2", 1, type_=LOGGED_IN))
    assert run("replay-parked", first).output == f"{first}  handled\n1 handled.\n"
    assert "1 parked." in run("list-parked").output


@pytest.mark.parametrize("command", ["replay-parked", "drop-parked"])
def test_an_unknown_number_is_told_and_nothing_is_done(
    park: Callable[..., list[str]], run: Callable[..., Result], system: Database, command: str
) -> None:
    ids = park(event(type_=LOGGED_IN))
    refused = run(command, *ids, "prk_unknown")
    assert refused.exit_code == 1
    assert "not parked here: prk_unknown" in refused.output
    assert parked_ids(system) == ids


def test_an_erasure_is_not_dropped(
    park: Callable[..., list[str]], run: Callable[..., Result], system: Database
) -> None:
    ids = park(event("cus_1", 1, type_=LOGGED_IN), event("cus_1", 2, type_=ERASED))
    refused = run("drop-parked", *ids)
    assert refused.exit_code == 1
    assert f"{ids[1]} tells of an erasure" in refused.output
    assert parked_ids(system) == ids
    assert run("drop-parked").exit_code == 2, "which ones must be said"


def test_trouble_with_the_database_is_a_message(run: Callable[..., Result], scratch: ScratchDatabase) -> None:
    unset = run("list-parked", urls=DatabaseUrls(migrate="", app="", system=""))
    assert (unset.exit_code, "roles app and system" in unset.output) == (1, True)
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    down = run("replay-parked", urls=DatabaseUrls(migrate="", app=nowhere, system=nowhere))
    assert (down.exit_code, "the database is in trouble" in down.output) == (1, True)

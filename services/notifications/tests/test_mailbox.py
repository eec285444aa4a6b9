"""Mails that come back to a mailbox: noted once, whatever dies and whatever else is in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from servicekit import faults
from services.notifications.mailbox.imap import MOST_BYTES, Mailbox, MailboxUnavailable, open_mailbox
from services.notifications.mailbox.reader import MailboxReader
from services.notifications.settings import MailboxSettings
from services.notifications.tests.conftest import Api, World, anonymized
from services.notifications.tests.imap_server import ImapServer
from services.notifications.tests.mail_server import certificate
from services.notifications.tests.test_api import report

UNKNOWN = "eml_06h5yvkg1scm7h3b8k5rqt2xzw"
GARBAGE = {
    "empty": b"",
    "binary": b"\0\xff\xfe",
    "a person": b"From: anna@example.com\r\nSubject: Hello?\r\n\r\nWho are you?",
    "unknown mail": report(UNKNOWN),
    "no ID": report("eml_nonsense"),
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 100_000,
    "deep": b"Content-Type: message/rfc822\r\n\r\n" * 3_000,
    "header": b'Content-Type: text/plain; charset="\xff"\r\nSubject: =?x?q?' + b"a" * 200_000,
}


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[tuple[ImapServer, MailboxSettings]]:
    context, trusted = certificate(tmp_path)
    server = ImapServer(context)
    port = server.start()
    given = MailboxSettings(
        host="localhost", port=port, username=server.user, password=server.password, ca_file=str(trusted),
        timeout_seconds=5.0,
    )  # fmt: skip
    yield server, given
    server.stop()
    faults.install(None)


@pytest.fixture
def server(settings: tuple[ImapServer, MailboxSettings]) -> ImapServer:
    return settings[0]


Reader = Callable[..., MailboxReader]


@pytest.fixture
def reader(world: World, settings: tuple[ImapServer, MailboxSettings]) -> Reader:
    """Makes readers, by default of the mailbox as it is."""

    def made(**changed: Any) -> MailboxReader:
        given = replace(settings[1], **changed)
        return MailboxReader(world.app, world.system, partial(open_mailbox, given), every=60.0, now=world.clock)

    return made


def sent(world: World, **customer: str) -> str:
    """A mail that was sent; its ID."""
    customer_id = world.customer(**customer)
    world.sender.step()
    return world.emails(customer_id=customer_id)[-1].id


def bounces_told(world: World) -> list[str]:
    """The mails of which it was published that they came back."""
    return [event.subject for event in world.published() if event.type == "notifications.email.bounced.v1"]


def test_a_mail_that_came_back_is_noted_and_its_report_deleted(
    world: World, api: Api, server: ImapServer, reader: Reader
) -> None:
    email_id = sent(world)
    server.add(report(email_id))
    assert reader().step() == 1
    shown = api.get(f"/emails/{email_id}")
    assert (shown["status"], shown["failure_code"]) == ("bounced", "address_unknown")
    assert server.kept == []
    assert bounces_told(world) == [email_id]
    assert reader().step() == 0


def test_a_server_that_cannot_remove_one_message_keeps_it_marked(
    world: World, server: ImapServer, reader: Reader
) -> None:
    server.uidplus = False
    server.add(report(sent(world)))
    assert reader().step() == 1
    assert [each.flags for each in server.kept] == [{"\\Seen", "\\Deleted"}]
    assert reader().step() == 0


@pytest.mark.parametrize("what", GARBAGE)
def test_anything_else_is_left_to_people_and_not_read_again(
    world: World, server: ImapServer, reader: Reader, what: str
) -> None:
    email_id = sent(world)
    server.add(GARBAGE[what])
    server.add(report(email_id))
    assert reader().step() == 2
    assert [each.flags for each in server.kept] == [{"\\Seen"}]
    assert bounces_told(world) == [email_id], "what came after it was read"
    assert reader().step() == 0


@pytest.mark.parametrize("what", ["binary", "a person", "parts", "deep", "header"])
def test_over_the_api_it_is_refused(api: Api, what: str) -> None:
    answer = api.send("POST", "/bounces", raw=GARBAGE[what])
    assert 400 <= answer.status_code < 500, answer.text


def test_of_a_huge_message_only_the_beginning_is_read(world: World, server: ImapServer, reader: Reader) -> None:
    email_id = sent(world)
    server.add(report(email_id) + b"x" * (3 * MOST_BYTES))
    assert reader().step() == 1
    assert bounces_told(world) == [email_id]


@pytest.mark.parametrize("announced", ["8000000000", "9" * 5000], ids=["8 GB", "5,000 digits"])
def test_a_server_that_announces_more_than_was_asked_for_gets_no_memory(
    world: World, server: ImapServer, reader: Reader, announced: str
) -> None:
    email_id = sent(world)
    server.add(report(email_id))
    server.announced = announced
    with pytest.raises(MailboxUnavailable, match="not_understood"):
        reader().step()
    assert bounces_told(world) == []
    server.announced = None
    assert reader().step() == 1
    assert bounces_told(world) == [email_id]


@pytest.mark.parametrize("point", ["mailbox:fetched", "mailbox:committed", "mailbox:marked"])
def test_killed_anywhere_each_is_handled_once(world: World, server: ImapServer, reader: Reader, point: str) -> None:
    emails = [sent(world, email=f"c{number}@example.com") for number in range(3)]
    for email_id in emails:
        server.add(report(email_id))

    def die(at: str) -> None:
        if at == point:
            raise Killed

    faults.install(die)
    for _ in range(2):
        with pytest.raises(Killed):
            reader().step()
    faults.install(None)
    reader().step()
    assert server.kept == []
    assert {mail.status for mail in world.emails()} == {"bounced"}
    assert sorted(bounces_told(world)) == sorted(emails)


def test_a_message_that_was_handled_and_comes_again_changes_nothing(
    world: World, server: ImapServer, reader: Reader
) -> None:
    email_id = sent(world)
    for _ in range(2):
        server.add(report(email_id))
        assert reader().step() == 1
    assert server.kept == []
    assert bounces_told(world) == [email_id]


def test_two_readers_at_once_do_no_harm(world: World, server: ImapServer, reader: Reader) -> None:
    for number in range(6):
        server.add(report(sent(world, email=f"c{number}@example.com")))
    failures: list[BaseException] = []

    def read() -> None:
        try:
            reader().step()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert server.kept == []
    assert len(bounces_told(world)) == 6


def test_a_report_about_somebody_who_was_erased_brings_nothing_back(
    world: World, server: ImapServer, reader: Reader
) -> None:
    email_id = sent(world)
    world.take(anonymized(world.emails()[-1].customer_id))
    while world.sender.step() + world.scheduler.step():
        pass
    server.add(report(email_id))
    reader().step()
    assert server.kept == []
    assert [(mail.status, mail.failure) for mail in world.emails(id=email_id)] == [("sent", None)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"password": "wrong"}, "sign_in_refused"),
        ({"folder": "Nowhere"}, "no_such_folder"),
        ({"ca_file": ""}, "tls_failed"),
        ({"port": 1}, "not_reachable"),
    ],
    ids=["password", "folder", "certificate", "port"],
)
def test_a_mailbox_that_cannot_be_read_is_told_by_a_code(reader: Reader, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(MailboxUnavailable) as told:
        reader(**changed).step()
    assert told.value.code == code


def test_while_the_server_is_away_it_asks_again_ever_later(
    world: World, settings: tuple[ImapServer, MailboxSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.mailbox.reader._BACK_OFF_SECONDS", (0.01, 0.02))
    server, given = settings
    server.add(report(sent(world)))
    asked: list[int] = []
    stop = threading.Event()

    def open_when_back() -> AbstractContextManager[Mailbox]:
        asked.append(1)
        return open_mailbox(replace(given, port=1) if len(asked) <= 3 else given)

    def done(point: str) -> None:
        if point == "mailbox:marked":
            stop.set()

    faults.install(done)
    MailboxReader(world.app, world.system, open_when_back, every=60.0, now=world.clock).run(stop)
    assert len(asked) == 4
    assert REGISTRY.get_sample_value("notifications_mailbox_readable") == 1
    assert len(bounces_told(world)) == 1

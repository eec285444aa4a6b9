"""Sending: failures told apart, nothing lost, nothing twice but where SMTP can't tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from servicekit import faults
from services.notifications.delivery.port import Deferred, InDoubt, Rejected, Unreachable
from services.notifications.delivery.sender import GIVEN_UP_AFTER
from services.notifications.tests.conftest import World


class Killed(BaseException):
    """The process died here."""


@pytest.fixture(autouse=True)
def _no_hook() -> object:
    yield
    faults.install(None)


def test_a_server_down_for_an_hour_delays_and_loses_nothing(world: World) -> None:
    for number in range(5):
        world.customer(email=f"c{number}@example.com")
    sender = world.sender
    for _minute in range(60):
        world.transport.answers = [Unreachable("not_reachable")]
        assert sender.step() == 0
        assert sender.is_down
        world.clock.forward(minutes=1)
    assert {(mail.status, mail.attempts) for mail in world.emails()} == {("queued", 0)}
    world.transport.answers = []
    assert sender.step() == 5
    assert sorted(mail.to_address for mail in world.transport.taken) == [f"c{n}@example.com" for n in range(5)]
    assert {mail.status for mail in world.emails()} == {"sent"}


def test_what_a_server_puts_off_is_tried_again_later_and_given_up_at_last(world: World) -> None:
    world.customer()
    world.transport.answers = [Deferred("deferred", "451 later")] * 100
    tries = 0
    began = world.clock.now
    while world.emails()[0].status == "queued":
        world.sender.step()
        tries += 1
        due = world.emails()[0].due_at
        assert world.sender.step() == 0, "not before its time"
        world.clock.now = max(due, world.clock.now)
    (mail,) = world.emails()
    assert (mail.status, mail.failure_code, mail.attempts) == ("failed", "given_up", tries)
    assert world.clock.now - began >= GIVEN_UP_AFTER
    assert 8 < tries < 20


def test_what_a_server_refuses_for_good_is_not_tried_again(world: World) -> None:
    world.customer()
    world.transport.answers = [Rejected("mailbox_refused", "550 no such user")]
    assert world.sender.step() == 1
    world.clock.forward(days=1)
    assert world.sender.step() == 0
    (mail,) = world.emails()
    assert (mail.status, mail.failure_code, mail.failure) == ("failed", "mailbox_refused", "550 no such user")
    assert world.published()[-1].type == "notifications.email.failed.v1"


def test_an_answer_that_was_lost_is_known_and_tried_again_as_the_same_message(world: World) -> None:
    world.customer()
    world.transport.answers = [InDoubt("answer_lost")]
    world.sender.step()
    assert world.emails()[0].in_doubt
    world.clock.forward(minutes=2)
    assert world.sender.step() == 1
    (mail,) = world.emails()
    assert (mail.status, mail.in_doubt, mail.attempts) == ("sent", True, 2)
    assert world.transport.taken[0].message_id == mail.message_id


@pytest.mark.parametrize(
    ("point", "copies", "in_doubt"),
    [
        ("sender:claimed", 1, False),
        ("sender:begun", 1, True),
        ("sender:answered", 2, True),
        ("sender:written", 1, False),
    ],
)
def test_killed_anywhere_a_mail_goes_out_and_twice_only_where_its_answer_was_not_written_down(
    world: World, point: str, copies: int, in_doubt: bool
) -> None:
    world.customer()

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    sender = world.sender
    faults.install(die)
    with pytest.raises(Killed):
        sender.step()
    faults.install(None)
    # Another process of the same name: what was in its hands is let go of at once.
    again = type(sender)(world.app, world.system, world.transport, sender_id=sender._sender, now=world.clock)
    again.step()
    (mail,) = world.emails()
    assert (mail.status, mail.in_doubt) == ("sent", in_doubt)
    assert [taken.message_id for taken in world.transport.taken] == [mail.message_id] * copies


def test_two_senders_never_take_the_same_mail(world: World) -> None:
    for number in range(6):
        world.customer(email=f"c{number}@example.com")
    first, second = world.sender, world.sender
    inner = world.transport.send

    def meanwhile(mail: object) -> None:
        world.transport.send = inner  # type: ignore[method-assign]
        second.step()
        inner(mail)  # type: ignore[arg-type]

    world.transport.send = meanwhile  # type: ignore[method-assign]
    first.step()
    assert len(world.transport.taken) == len({mail.email_id for mail in world.transport.taken}) == 6


def test_a_mail_waits_no_longer_than_its_lease_for_a_sender_that_is_gone(world: World) -> None:
    world.customer()
    faults.install(lambda point: (_ for _ in ()).throw(Killed()) if point == "sender:claimed" else None)
    with pytest.raises(Killed):
        world.sender.step()
    faults.install(None)
    assert world.sender.step() == 0
    with world.system.transaction() as session:
        session.execute(text("UPDATE email SET claimed_until = now() - interval '1 second'"))
    assert world.sender.step() == 1
    assert world.clock.now - world.emails()[0].created_at < timedelta(seconds=1)

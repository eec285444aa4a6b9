"""Killed with signal 9 anywhere between billing's event and the last answer of the mail server: each mail is in the log
once, and arrives once except in the named window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from servicekit.bus import Message, Topology
from servicekit.bus.inprocess import InProcessBus
from servicekit.testing.databases import ScratchDatabase, template
from services.notifications.handlers import QUEUE, SUBSCRIPTIONS
from services.notifications.tests import doomed
from services.notifications.tests.conftest import World, created
from services.notifications.tests.mail_server import MailServer
from services.notifications.tests.test_billing import told

CALLED_FOR = ["access_purchased", "invoice", "receipt", "refund_confirmation", "subscription_renewed"]


@pytest.fixture(scope="module")
def bus_url() -> Iterator[str]:
    with template("notibus", lambda _name, _url: None) as made:
        yield made.copy().urls.migrate


@pytest.fixture
def bus(bus_url: str) -> Iterator[InProcessBus]:
    made = InProcessBus(bus_url)
    made.declare(Topology(exchange="x", queues={QUEUE: tuple(SUBSCRIPTIONS)}))
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("point", "times"),
    [(point, times) for point in doomed.POINTS for times in ((1,) if point.startswith("worker") else (1, 3))],
)
def test_each_mail_is_logged_once_and_arrives_once(
    world: World,
    scratch: ScratchDatabase,
    bus: InProcessBus,
    bus_url: str,
    server: MailServer,
    point: str,
    times: int,
) -> None:
    customer = created(imported=True)
    kinds = ("transaction.succeeded", "transaction.refunded", "invoice.issued", "subscription.renewed")
    events = [customer, *(replace(told(kind, customer.subject), publisher_id="pub_a") for kind in kinds)]
    publisher = bus.publisher()
    port = server.start()
    publisher.publish([Message(each.id, each.type, each.to_json(), {}) for each in events], timeout=10)
    doomed.run_until_killed(scratch, bus_url, port, point=point, times=times)
    doomed.work_off(world.app, world.system, bus, port)

    mails = world.emails()
    assert sorted(mail.kind for mail in mails) == CALLED_FOR
    assert {mail.status for mail in mails} == {"sent"}
    arrived = Counter(str(message["Message-ID"]) for message in server.messages)
    assert set(arrived) == {mail.message_id for mail in mails}
    twice = [mail for mail in mails if arrived[mail.message_id] > 1]
    assert len(twice) <= (point in doomed.WINDOW)
    assert all(mail.in_doubt and arrived[mail.message_id] == 2 for mail in twice)

"""From an event to a mail that a mail server took, against the same messages sent by a bare loop over one connection;
and a customer's log of mails, long and short."""

from __future__ import annotations

import smtplib
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

import orjson
from sqlalchemy import text

from bench.client import Client
from bench.mail_sink import accepted, newest
from bench.measure import Rounds, Row, take_turns
from bench.processes import ROOT, free_port, running, wait_for_port, wait_until
from bench.stand import Stand
from servicekit.bus import Message, Outcome
from servicekit.bus.amqp import AmqpBus
from servicekit.events import Event
from servicekit.ids import new_id

AIM, LOG_AIM = 0.5, 1.2
FEW, MANY = 10, 10_000
_EXAMPLE = ROOT / "services" / "billing" / "contracts" / "billing.transaction.succeeded.v1.json"
_PEOPLE = text(
    """
    INSERT INTO recipient (publisher_id, customer_id, version, email, first_name, last_name, language)
    SELECT :publisher_id, customer_id, 1, 'reader' || n || '@example.com', 'Anna', 'Müller',
        (ARRAY['en', 'de', 'fr', 'es', 'pl', 'pt'])[1 + n % 6]
    FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS given (customer_id, n)
    """
)
# There is nobody to be asked here what was before.
_STARTED = text(
    "INSERT INTO bootstrap_progress (source, items, finished_at) VALUES ('customers', 0, now()) ON CONFLICT DO NOTHING"
)
_LOG = text(
    """
    INSERT INTO email (id, publisher_id, customer_id, kind, status, language, to_address, from_address, from_name,
        subject, html, text, message_id, event_id, created_at, due_at, ended_at, attempts, version)
    SELECT 'eml_' || md5(:customer_id || n), :publisher_id, :customer_id, 'receipt', 'sent', 'en', 'reader@example.com',
        'service@example.com', 'Service', 'Your receipt', repeat('<p>Thank you.</p>', 300), repeat('Thank you. ', 100),
        '<' || md5(:customer_id || n) || '@example.com>', md5(:customer_id || n),
        now() - make_interval(mins => n), now(), now(), 1, 2
    FROM generate_series(1, :count) AS n
    """
)


def measure(stand: Stand, quick: bool) -> Sequence[Row]:
    """One worker process and one sender process as they are deployed; the log over HTTP."""
    return [_mails(stand, quick), _log(stand, quick)]


def _mails(stand: Stand, quick: bool) -> Row:
    stand.require("RabbitMQ")
    rounds, count = (1, 60) if quick else (7, 600)
    directory, port = stand.directory / "mail", free_port()
    with stand.database("notifications", "app").transaction() as session:
        session.execute(_STARTED)
    with ExitStack() as stack:
        command = ["-m", "bench.mail_sink", str(port), str(directory)]
        wait_for_port(stack.enter_context(running("mail-sink", command, {}, stand.directory)), port)
        _start(stand, port, stack)
        _ours(stand, directory, count)  # connections, caches, prepared statements
        messages = newest(directory, count)
        turns = take_turns(
            rounds,
            baseline=lambda: _baseline(messages, directory, port),
            ours=lambda: _ours(stand, directory, count),
        )
        _require_once(stand)
    return Row(
        name="mailing",
        what=f"{count} events to mails that a mail server took",
        ours=statistics.median(turns.ours),
        baseline=statistics.median(turns.baseline),
        unit="mails/s",
        aim=AIM,
        ratios=turns.ratios,
        details={"ours": turns.ours, "baseline": turns.baseline, "bytes": statistics.mean(map(len, messages))},
    )


def _start(stand: Stand, port: int, stack: ExitStack) -> None:
    nobody = "http://127.0.0.1:9"
    smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none"}
    for name, settings in (("worker", {"CUSTOMERS_URL": nobody, "IDENTITY_URL": nobody}), ("sender", smtp)):
        metrics = free_port()
        process = stand.process("notifications", name, on=stack, METRICS_PORT=str(metrics), **settings)
        wait_for_port(process, metrics)


def _ours(stand: Stand, directory: Path, count: int) -> float:
    """Mails a second, from the first event given to the queue to the last mail taken."""
    publisher_id = new_id("pub")
    customers = [new_id("cus") for _ in range(count)]
    with stand.database("notifications", "app").transaction(publisher_id) as session:
        session.execute(_PEOPLE, {"publisher_id": publisher_id, "ids": customers})
    events = [_paid(publisher_id, customer_id) for customer_id in customers]
    messages = [Message(each.id, each.type, each.to_json(), {}) for each in events]
    publisher = AmqpBus(stand.amqp_url, exchange=stand.topology.exchange).publisher()
    wanted = accepted(directory) + count
    began = time.perf_counter()
    if set(publisher.publish(messages, timeout=60)) != {Outcome.CONFIRMED}:
        raise RuntimeError("the queue did not take every event")
    wait_until("all mails to be taken", lambda: accepted(directory) >= wanted, seconds=300, every=0.005)
    took = time.perf_counter() - began
    publisher.close()
    return count / took


def _paid(publisher_id: str, customer_id: str) -> Event:
    """A renewal was paid: one receipt."""
    event = orjson.loads(_EXAMPLE.read_bytes())
    transaction = new_id("txn")
    data = {**event["data"], "id": transaction, "customer_id": customer_id, "kind": "renewal"}
    event |= {"id": new_id("evt"), "publisherid": publisher_id, "subject": transaction, "datasubject": customer_id}
    return Event.from_json(orjson.dumps({**event, "data": data}))


def _baseline(messages: Sequence[bytes], directory: Path, port: int) -> float:
    """Mails a second by nothing but smtplib, one after the other."""
    wanted = accepted(directory) + len(messages)
    ready = [(*(_addresses(content)), content) for content in messages]
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for sender, recipient, content in ready:
            connection.sendmail(sender, [recipient], content)
        took = time.perf_counter() - began
    if accepted(directory) != wanted:
        raise RuntimeError("not every message arrived")
    return len(messages) / took


def _addresses(content: bytes) -> tuple[str, str]:
    read = message_from_bytes(content)
    return parseaddr(read["From"])[1], parseaddr(read["To"])[1]


def _require_once(stand: Stand) -> None:
    """Each mail was sent, none is in doubt."""
    database = stand.database("notifications", "system")

    def is_written_down() -> bool:
        with database.transaction() as session:
            return not session.scalar(text("SELECT count(*) FROM email WHERE status = 'queued'"))

    wait_until("the last answers to be written down", is_written_down)
    with database.transaction() as session:
        found = session.execute(text("SELECT status, in_doubt, max(attempts) FROM email GROUP BY 1, 2")).all()
    if [tuple(row) for row in found] != [("sent", False, 1)]:
        raise RuntimeError(f"not every mail was sent once: {found}")


def _log(stand: Stand, quick: bool) -> Row:
    publisher_id = new_id("pub")
    rounds, requests = (1, 50) if quick else (9, 400)
    with ExitStack() as stack:
        client = Client(stand.web("notifications", on=stack), stand.token(publisher_id))
        few, many = (_customer(stand, publisher_id, count) for count in (FEW, MANY))
        turns = _alternate(client, few, many, rounds, requests)
    return Row(
        name="mailing",
        what=f"first {FEW} of {MANY:,} and of {FEW} mails of a customer, p50",
        ours=statistics.median(turns.ours),
        baseline=statistics.median(turns.baseline),
        unit="ms",
        aim=LOG_AIM,
        ratios=turns.ratios,
        lower_is_better=True,
    )


def _customer(stand: Stand, publisher_id: str, count: int) -> str:
    """A customer with so many mails."""
    customer_id = new_id("cus")
    with stand.database("notifications", "app").transaction(publisher_id) as session:
        session.execute(_LOG, {"publisher_id": publisher_id, "customer_id": customer_id, "count": count})
    engine = stand.database("notifications", "migrate").engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE email"))
    return customer_id


def _alternate(client: Client, few: str, many: str, rounds: int, requests: int) -> Rounds:
    """The median of each round in milliseconds: a request for the one, then one for the other, and so on."""
    found = Rounds([], [])
    for _ in range(rounds + 1):
        took: tuple[list[float], list[float]] = ([], [])
        for _request in range(requests):
            for times, customer_id in zip(took, (few, many), strict=True):
                began = time.perf_counter()
                page = client.get(f"/v1/notifications/emails?customer_id={customer_id}&limit={FEW}")
                times.append((time.perf_counter() - began) * 1_000)
                assert len(page["items"]) == FEW  # noqa: S101 - a measurement of something else is none
        found.baseline.append(statistics.median(took[0]))
        found.ours.append(statistics.median(took[1]))
    # The first one made connections, filled caches, prepared statements.
    return Rounds(found.baseline[1:], found.ours[1:])

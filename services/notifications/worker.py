"""Composition root of the processes that serve no requests: relay, worker, sender, scheduler."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import structlog

from servicekit.adapters import amqp_bus
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.process import Run, run_process, worker_id
from servicekit.relay import Relay
from servicekit.relay.retention import Retention
from servicekit.settings import SettingsError
from servicekit.starting import beside, bootstrapping
from servicekit.web.health import database_check
from services.notifications.delivery.sender import Sender
from services.notifications.delivery.smtp import SmtpTransport
from services.notifications.handlers import QUEUE, subscriptions
from services.notifications.mailbox.imap import open_mailbox
from services.notifications.mailbox.reader import MailboxReader
from services.notifications.schedule import Scheduler
from services.notifications.settings import Settings
from services.notifications.starting import sources

_MEASURE_SECONDS = 5.0
_log = structlog.get_logger("sender")


def run_relay(settings: Settings) -> None:
    """Send what this service publishes to the queue until told to stop."""
    bus, topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    system = Database(settings.database.system, pool_size=4)
    kept = Retention(audit_entry=timedelta(days=settings.audit_days))
    relay = Relay(system, bus.publisher(), topology, worker_id=worker_id(), retention=kept)
    run_process("notifications-relay", relay.run, checks=[database_check(system)])


def run_worker(settings: Settings) -> None:
    """Take others' events from the queue and write mails until told to stop; and first, beside it, what there is
    at others already."""
    bus, _topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    app, system = Database(settings.database.app, pool_size=4), Database(settings.database.system, pool_size=2)
    consumer = EventConsumer(
        name=QUEUE,
        consumer=bus.consumer(QUEUE),
        app=app,
        system=system,
        subscriptions=subscriptions(settings.mail),
    )
    starting = bootstrapping(sources(settings.mail), settings.owners, app)
    run_process("notifications-worker", beside(consumer.run, starting), checks=[database_check(app)])


def run_sender(settings: Settings) -> None:
    """Hand mails to the mail server, and read what comes back where there is a mailbox for it, until told to stop.

    Raises SettingsError.
    """
    if not settings.smtp.host:
        raise SettingsError("SMTP_HOST is not set: where is the mail server?")
    app = Database(settings.database.app, pool_size=settings.senders + 2)
    system = Database(settings.database.system, pool_size=settings.senders + 2)
    senders = [
        Sender(app, system, SmtpTransport(settings.smtp), sender_id=f"{worker_id()}-{number}")
        for number in range(settings.senders)
    ]

    loops: list[Run] = [sender.run for sender in senders]
    if settings.mailbox.host:
        every = settings.mailbox.every_seconds
        loops.append(MailboxReader(app, system, partial(open_mailbox, settings.mailbox), every=every).run)

    def run(stop: threading.Event) -> None:
        failures: list[BaseException] = []
        threads = [threading.Thread(target=_guarded, args=(loop, stop, failures), daemon=True) for loop in loops]
        for thread in threads:
            thread.start()
        while not stop.wait(_MEASURE_SECONDS) and not failures:
            _measure(senders[0])
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    run_process("notifications-sender", run, checks=[database_check(system)])


def run_scheduler(settings: Settings) -> None:
    """Write what is due by the calendar until told to stop."""
    app, system = Database(settings.database.app, pool_size=2), Database(settings.database.system, pool_size=2)
    scheduler = Scheduler(app, system, defaults=settings.mail)
    run_process("notifications-scheduler", scheduler.run, checks=[database_check(app)])


def _guarded(loop: Run, stop: threading.Event, failures: list[BaseException]) -> None:
    try:
        loop(stop)
    except BaseException as error:  # noqa: BLE001 - the process ends with it
        failures.append(error)
        stop.set()


def _measure(sender: Sender) -> None:
    try:
        sender.measure()
    except Exception as error:  # noqa: BLE001 - the senders themselves tell what is wrong, and go on
        _log.warning("figures_unavailable", error=type(error).__name__)

"""Composition root of the processes that serve no requests: relay, worker, scheduler."""

from __future__ import annotations

from datetime import timedelta

from servicekit.adapters import amqp_bus
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.imports.importer import Importer
from servicekit.process import run_process, together, worker_id
from servicekit.relay import Relay
from servicekit.relay.retention import Retention
from servicekit.web.health import database_check
from services.billing.execution.executor import Executor
from services.billing.handlers import QUEUE, SUBSCRIPTIONS
from services.billing.imports.kinds import IMPORTS
from services.billing.providers.registry import Providers
from services.billing.renewals.scheduler import Scheduler
from services.billing.settings import Settings


def run_relay(settings: Settings) -> None:
    """Send what this service publishes to the queue until told to stop."""
    bus, topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    system = Database(settings.database.system, pool_size=4)
    kept = Retention(audit_entry=timedelta(days=settings.audit_days))
    relay = Relay(system, bus.publisher(), topology, worker_id=worker_id(), retention=kept)
    run_process("billing-relay", relay.run, checks=[database_check(system)])


def run_worker(settings: Settings) -> None:
    """Take others' events from the queue until told to stop."""
    bus, _topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    app, system = Database(settings.database.app, pool_size=4), Database(settings.database.system, pool_size=2)
    consumer = EventConsumer(
        name=QUEUE, consumer=bus.consumer(QUEUE), app=app, system=system, subscriptions=SUBSCRIPTIONS
    )
    run_process("billing-worker", consumer.run, checks=[database_check(app)])


def run_importer(settings: Settings) -> None:
    """Make offers, subscriptions and transactions of the rows of files until told to stop."""
    app, system = Database(settings.database.app, pool_size=2), Database(settings.database.system, pool_size=2)
    importer = Importer(IMPORTS, app, system, worker_id=worker_id())
    run_process("billing-importer", importer.run, checks=[database_check(app)])


def run_scheduler(settings: Settings) -> None:
    """Renew and end what is due, and carry out at providers what is still open, until told to stop."""
    app, system = Database(settings.database.app, pool_size=4), Database(settings.database.system, pool_size=2)
    providers = Providers.from_file(settings.providers_file, app, sandbox=settings.sandbox)
    executor = Executor(app, system, providers.of)
    scheduler = Scheduler(app, system, executor)
    run_process("billing-scheduler", together(executor.run, scheduler.run), checks=[database_check(app)])

"""Composition root of the processes that serve no requests: relay and worker."""

from __future__ import annotations

from datetime import timedelta

from servicekit.adapters import amqp_bus
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.process import run_process, worker_id
from servicekit.relay import Relay
from servicekit.relay.retention import Retention
from servicekit.starting import beside, bootstrapping
from servicekit.web.health import database_check
from services.notes.bootstrap_customers import SOURCES
from services.notes.handlers import QUEUE, SUBSCRIPTIONS
from services.notes.settings import Settings


def run_relay(settings: Settings) -> None:
    """Send what this service publishes to the queue until told to stop."""
    bus, topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    system = Database(settings.database.system, pool_size=4)
    kept = Retention(audit_entry=timedelta(days=settings.audit_days))
    relay = Relay(system, bus.publisher(), topology, worker_id=worker_id(), retention=kept)
    run_process("notes-relay", relay.run, checks=[database_check(system)])


def run_worker(settings: Settings) -> None:
    """Take others' events from the queue until told to stop, and first, beside it, the customers that are there."""
    bus, _topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    app, system = Database(settings.database.app, pool_size=4), Database(settings.database.system, pool_size=2)
    consumer = EventConsumer(
        name=QUEUE, consumer=bus.consumer(QUEUE), app=app, system=system, subscriptions=SUBSCRIPTIONS
    )
    starting = bootstrapping(SOURCES, settings.owners, app)
    run_process("notes-worker", beside(consumer.run, starting), checks=[database_check(app)])

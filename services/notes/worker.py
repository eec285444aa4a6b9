"""Composition root of the processes that serve no requests: relay and worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import httpx2

from servicekit.adapters import amqp_bus
from servicekit.bootstrap import Bootstrapping
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.feed_client import feed_client, over_http
from servicekit.process import run_process, worker_id
from servicekit.relay import Relay
from servicekit.relay.retention import Retention
from servicekit.web.health import database_check
from services.notes.bootstrap_customers import FEED, SOURCE, bootstrap_customers
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
    starting = Bootstrapping(SOURCE, reading(settings, app), app)

    def run(stop: threading.Event) -> None:
        threading.Thread(target=starting.run, args=(stop,), name="bootstrap", daemon=True).start()
        consumer.run(stop)

    run_process("notes-worker", run, checks=[database_check(app)])


def reading(settings: Settings, app: Database, afresh: bool = False) -> Callable[[], int]:
    """Reads the customers that are there. Raises SettingsError at once where it isn't said where they are."""
    client: httpx2.Client = feed_client(
        settings.customers_url,
        identity_url=settings.identity_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        audience="customers",
    )
    return lambda: bootstrap_customers(over_http(client, FEED), app, afresh=afresh)

"""Composition root of the processes that serve no requests: relay, worker and importer."""

from __future__ import annotations

from datetime import timedelta

import httpx2

from servicekit.adapters import amqp_bus
from servicekit.auth.service_token import ServiceAuth, ServiceTokens, from_identity
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.imports.importer import Importer
from servicekit.process import run_process, worker_id
from servicekit.relay import Relay
from servicekit.relay.retention import Retention
from servicekit.settings import SettingsError
from servicekit.starting import beside, bootstrapping
from servicekit.web.health import database_check
from services.notes.bootstrap_customers import SOURCES
from services.notes.handlers import QUEUE, SUBSCRIPTIONS
from services.notes.imports.kinds import note_imports
from services.notes.settings import Settings
from services.notes.staff_desk import HttpStaffDesk, StaffDesk


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


def run_importer(settings: Settings) -> None:
    """Make notes of the rows of files until told to stop."""
    app, system = Database(settings.database.app, pool_size=2), Database(settings.database.system, pool_size=2)
    importer = Importer(note_imports(staff_desk(settings)), app, system, worker_id=worker_id())
    run_process("notes-importer", importer.run, checks=[database_check(app)])


def staff_desk(settings: Settings) -> StaffDesk:
    """Identity at its address, asked with a token of our own. Raises SettingsError where it isn't said where it is."""
    if not settings.identity_url:
        raise SettingsError("IDENTITY_URL must say where identity is: who wrote a note is looked up there.")
    issue = from_identity(
        settings.identity_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        audience="identity",
    )
    auth = ServiceAuth(ServiceTokens(issue))
    return HttpStaffDesk(httpx2.Client(base_url=settings.identity_url, auth=auth, timeout=5.0))

"""All services put together in one process, over whichever queue and search engine they are given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from flask import Flask

from embedded.billing_desk import BillingInProcess
from embedded.installation import Installation
from embedded.invoice_desk import InvoicesInProcess
from embedded.mail_catcher import MemoryTransport
from embedded.staff_desk import StaffInProcess
from embedded.state import StateError
from servicekit.auth.jwks import JwksClient
from servicekit.auth.tokens import JwtVerifier
from servicekit.bootstrap import Bootstrapping, InOrder, Source
from servicekit.bus import Bus, Topology
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.feed import FeedPage
from servicekit.feed_client import PAGE
from servicekit.imports.importer import Importer
from servicekit.relay import Relay
from servicekit.settings import SettingsError
from services.billing import app as billing
from services.billing import handlers as billing_handlers
from services.billing.execution.executor import Executor
from services.billing.imports.kinds import IMPORTS as BILLING_IMPORTS
from services.billing.providers.registry import Providers
from services.billing.queries import feeds as billing_feeds
from services.billing.renewals.scheduler import Scheduler
from services.billing.settings import Settings as BillingSettings
from services.console.settings import Settings as ConsoleSettings
from services.customers import app as customers
from services.customers import handlers as customers_handlers
from services.customers.imports.kinds import IMPORTS as CUSTOMER_IMPORTS
from services.customers.queries import customers_feed
from services.customers.settings import Settings as CustomersSettings
from services.identity import app as identity
from services.identity.exchange import Exchanger
from services.identity.settings import Settings as IdentitySettings
from services.identity.signer import Signer
from services.notes import app as notes
from services.notes import handlers as notes_handlers
from services.notes.bootstrap_customers import SOURCES as NOTES_SOURCES
from services.notes.imports.kinds import note_imports
from services.notifications import app as notifications
from services.notifications import handlers as notifications_handlers
from services.notifications.delivery.port import Transport
from services.notifications.delivery.sender import Sender
from services.notifications.schedule import Scheduler as Calendar
from services.notifications.settings import MailDefaults
from services.notifications.settings import Settings as NotificationsSettings
from services.notifications.starting import sources as notifications_sources
from services.search import app as search
from services.search import handlers as search_handlers
from services.search.engine.port import Engine
from services.search.indexer import Indexer
from services.search.settings import Settings as SearchSettings

SERVICES = ("identity", "customers", "billing", "notes", "search", "notifications")
PUBLISHING = ("customers", "billing", "notes", "search", "notifications")
FEEDS: Mapping[str, Callable[..., FeedPage]] = {
    "/internal/feed/customers": customers_feed,
    "/internal/feed/payment_methods": billing_feeds.payment_methods_feed,
    "/internal/feed/subscriptions": billing_feeds.subscriptions_feed,
    "/internal/feed/transactions": billing_feeds.transactions_feed,
}
"""The feeds that services start from, where nobody has to ask over HTTP."""


class Loop(Protocol):
    """Something that works in small steps until it is told to stop."""

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""


@dataclass(frozen=True)
class Assembly:
    """The parts of an installation, ready to run as threads, or step by step in tests."""

    apps: dict[str, Flask]
    exchange: Callable[[str], str]
    relays: dict[str, Relay]
    consumers: dict[str, EventConsumer]
    starting: dict[str, InOrder]
    importers: dict[str, Importer]
    executor: Executor
    scheduler: Scheduler
    indexer: Indexer
    sender: Sender
    calendar: Calendar
    databases: dict[str, Database]
    console: ConsoleSettings

    def loops(self) -> dict[str, Loop]:
        """Everything that runs besides the web, by name."""
        named: dict[str, Loop] = {f"{service}-relay": relay for service, relay in self.relays.items()}
        named |= {f"{service}-worker": consumer for service, consumer in self.consumers.items()}
        named |= {"notifications-sender": self.sender, "notifications-scheduler": self.calendar}
        named |= {f"{service}-bootstrap": starting for service, starting in self.starting.items()}
        named |= {f"{service}-importer": importer for service, importer in self.importers.items()}
        named |= {"billing-executor": self.executor, "billing-scheduler": self.scheduler}
        return {**named, "search-indexer": self.indexer}

    def step(self) -> int:
        """One pass of every part in the direction in which events travel; how much was done."""
        done = self.step_importers() + self.scheduler.step() + self.executor.step()
        done += sum(relay.step() for relay in self.relays.values())
        done += sum(consumer.step(timeout=0.05) for consumer in self.consumers.values())
        return done + self.indexer.step() + self.calendar.step() + self.sender.step()

    def step_importers(self) -> int:
        """A turn of every importer; how much was done."""
        return sum(importer.step() for importer in self.importers.values())

    def close(self) -> None:
        """Close every connection to the databases."""
        for database in self.databases.values():
            database.close()


class Databases(dict[str, Database]):
    """Each service's database by role, such as ``customers.app``; connected when first used."""

    def __init__(self, installation: Installation) -> None:
        super().__init__()
        for service in SERVICES:
            urls = installation.urls(service)
            self[f"{service}.app"] = Database(urls.app, pool_size=2, overflow=10)
            self[f"{service}.system"] = Database(urls.system, pool_size=2, overflow=6)


def assemble(
    installation: Installation,
    *,
    bus: Bus,
    engine: Callable[[Database], Engine],
    topology: Topology,
    transport: Transport | None = None,
    key_rotation: timedelta = timedelta(days=1),
) -> Assembly:
    """Build every service on a prepared installation. ``engine`` is given search's database; without a ``transport``
    mail ends in memory."""
    databases = Databases(installation)
    identity_settings = IdentitySettings(
        database=installation.urls("identity"),
        secret=installation.derived_secret("identity"),
        key_rotation=key_rotation,
    )
    signer = Signer.from_settings(identity_settings, databases["identity.system"])
    chosen = engine(databases["search.app"])
    chosen.ensure()
    apps = _apps(installation, databases, identity_settings, signer, chosen)
    executor = Executor(databases["billing.app"], databases["billing.system"], _providers(databases).of)
    bus.declare(topology)
    return Assembly(
        apps=apps,
        exchange=Exchanger(databases["identity.system"], signer, idle=identity_settings.session_idle),
        relays=_relays(databases, bus, topology),
        consumers=_consumers(databases, bus),
        starting=_starting(databases),
        importers=_importers(databases),
        executor=executor,
        scheduler=Scheduler(databases["billing.app"], databases["billing.system"], executor),
        indexer=Indexer(databases["search.system"], chosen, worker_id="embedded"),
        sender=Sender(
            databases["notifications.app"],
            databases["notifications.system"],
            transport or MemoryTransport(),
            sender_id="embedded",
        ),
        calendar=Calendar(databases["notifications.app"], databases["notifications.system"], defaults=MailDefaults()),
        databases=databases,
        console=ConsoleSettings(secret=installation.derived_secret("console")),
    )


def _providers(databases: Databases) -> Providers:
    """The sandbox, and the accounts of ``BILLING_PROVIDERS_FILE``. Raises StateError."""
    told = BillingSettings.from_env()
    try:
        return Providers.from_file(told.providers_file, databases["billing.app"], sandbox=True)
    except SettingsError as error:
        raise StateError(str(error)) from None


def _apps(
    installation: Installation,
    databases: Databases,
    identity_settings: IdentitySettings,
    signer: Signer,
    engine: Engine,
) -> dict[str, Flask]:
    keys = JwksClient(signer.jwks, refresh_seconds=30)
    return {
        "identity": identity.create_app(
            identity_settings,
            database=databases["identity.app"],
            system_database=databases["identity.system"],
            signer=signer,
        ),
        "customers": customers.create_app(
            CustomersSettings(database=installation.urls("customers")),
            database=databases["customers.app"],
            system_database=databases["customers.system"],
            verifier=JwtVerifier("customers", identity_settings.issuer, keys),
            billing=BillingInProcess(databases["billing.app"]),
        ),
        "billing": billing.create_app(
            BillingSettings(database=installation.urls("billing")),
            database=databases["billing.app"],
            system_database=databases["billing.system"],
            verifier=JwtVerifier("billing", identity_settings.issuer, keys),
            providers=_providers(databases),
        ),
        "notes": notes.create_app(
            database=databases["notes.app"],
            system_database=databases["notes.system"],
            verifier=JwtVerifier("notes", identity_settings.issuer, keys),
        ),
        "search": search.create_app(
            SearchSettings(database=installation.urls("search")),
            database=databases["search.app"],
            engine=engine,
            verifier=JwtVerifier("search", identity_settings.issuer, keys),
        ),
        "notifications": notifications.create_app(
            NotificationsSettings(database=installation.urls("notifications")),
            database=databases["notifications.app"],
            verifier=JwtVerifier("notifications", identity_settings.issuer, keys),
            invoices=InvoicesInProcess(databases["billing.app"]),
        ),
    }


def _importers(databases: Databases) -> dict[str, Importer]:
    kinds = (CUSTOMER_IMPORTS, BILLING_IMPORTS, note_imports(StaffInProcess(databases["identity.app"])))
    return {
        imports.name: Importer(
            imports, databases[f"{imports.name}.app"], databases[f"{imports.name}.system"], worker_id="embedded"
        )
        for imports in kinds
    }


def _relays(databases: Databases, bus: Bus, topology: Topology) -> dict[str, Relay]:
    return {
        service: Relay(databases[f"{service}.system"], bus.publisher(), topology, worker_id="embedded")
        for service in PUBLISHING
    }


def _consumers(databases: Databases, bus: Bus) -> dict[str, EventConsumer]:
    return {
        handlers.QUEUE: EventConsumer(
            name=handlers.QUEUE,
            consumer=bus.consumer(handlers.QUEUE),
            app=databases[f"{handlers.QUEUE}.app"],
            system=databases[f"{handlers.QUEUE}.system"],
            subscriptions=handlers.SUBSCRIPTIONS,
        )
        for handlers in (
            search_handlers,
            notes_handlers,
            customers_handlers,
            billing_handlers,
            notifications_handlers,
        )
    }


def _starting(databases: Databases) -> dict[str, InOrder]:
    """For an installation that had customers before it had these services."""

    def reading(source: Source, app: Database) -> Bootstrapping:
        def fetch(cursor: str | None) -> FeedPage:
            with databases[f"{source.owner}.system"].transaction() as session:
                return FEEDS[source.path](session, cursor=cursor, limit=PAGE)

        return Bootstrapping(source.name, lambda: source.read(fetch, app), app)

    def all_of(service: str, sources: Sequence[Source]) -> InOrder:
        return InOrder([reading(source, databases[f"{service}.app"]) for source in sources])

    return {
        "notes": all_of("notes", NOTES_SOURCES),
        "notifications": all_of("notifications", notifications_sources(MailDefaults())),
    }

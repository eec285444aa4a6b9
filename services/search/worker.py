"""Composition root of the processes that serve no requests: relay, worker, indexer."""

from __future__ import annotations

import threading
from datetime import timedelta

import structlog
from prometheus_client import Gauge

from servicekit.adapters import amqp_bus
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.process import run_process, worker_id
from servicekit.relay import Relay
from servicekit.relay.retention import Retention
from servicekit.web.health import database_check
from services.search import dirty
from services.search.adapters import choose_engine
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.port import Engine
from services.search.handlers import QUEUE, SUBSCRIPTIONS
from services.search.indexer import Indexer
from services.search.settings import Settings
from services.search.status import made_with

_MEASURE_SECONDS = 5.0
_waiting = Gauge("search_index_waiting", "Customers that the index lacks or has older.")
_oldest = Gauge("search_index_oldest_seconds", "How long the one of them waits that waits longest.")
_refused = Gauge("search_index_refused", "Customers that the engine will not take.")
_outdated = Gauge("search_index_outdated", "1 while the index has to be rebuilt: this code looks up other words.")
_log = structlog.get_logger("indexer")


def run_relay(settings: Settings) -> None:
    """Send what this service publishes to the queue until told to stop."""
    bus, topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    system = Database(settings.database.system, pool_size=4)
    kept = Retention(audit_entry=timedelta(days=settings.audit_days))
    relay = Relay(system, bus.publisher(), topology, worker_id=worker_id(), retention=kept)
    run_process("search-relay", relay.run, checks=[database_check(system)])


def run_worker(settings: Settings) -> None:
    """Take events from the queue into the projection until told to stop."""
    bus, _topology = amqp_bus(rabbitmq_url=settings.rabbitmq_url, topology_file=settings.topology_file)
    app, system = Database(settings.database.app, pool_size=4), Database(settings.database.system, pool_size=2)
    consumer = EventConsumer(
        name=QUEUE, consumer=bus.consumer(QUEUE), app=app, system=system, subscriptions=SUBSCRIPTIONS
    )
    run_process("search-worker", consumer.run, checks=[database_check(app)])


def run_indexer(settings: Settings) -> None:
    """Carry what changed in the projection to the search engine until told to stop."""
    system = Database(settings.database.system, pool_size=2 * settings.indexer_threads + 2)
    engine = choose_engine(settings, system)
    indexers = [
        Indexer(system, engine, f"{worker_id()}-{number}", batch=settings.indexer_batch)
        for number in range(settings.indexer_threads)
    ]

    def run(stop: threading.Event) -> None:
        threads = [threading.Thread(target=indexer.run, args=(stop,), daemon=True) for indexer in indexers]
        for thread in threads:
            thread.start()
        outdated = False
        while not stop.wait(_MEASURE_SECONDS):
            _measure(system)
            outdated = _look_at_version(engine, outdated)
        for thread in threads:
            thread.join()

    run_process("search-indexer", run, checks=[database_check(system), ("engine", engine.ping)])


def _measure(system: Database) -> None:
    try:
        with system.transaction() as session:
            figures = dirty.figures(session)
    except Exception as error:  # the indexers themselves tell what is wrong, and go on
        _log.warning("figures_unavailable", error=type(error).__name__)
        return
    _waiting.set(figures.entries)
    _oldest.set(figures.oldest_seconds)
    _refused.set(figures.refused)


def _look_at_version(engine: Engine, known: bool) -> bool:
    """Whether the index is of another version; it is logged when that changes."""
    try:
        found = made_with(engine)
    except (EngineUnavailable, EngineRefused):  # the indexers tell
        return known
    _outdated.set(found.outdated)
    if found.outdated and not known:
        _log.warning("index_outdated", made_with=found.version, needed=found.needed, remedy="rebuild the index")
    return found.outdated

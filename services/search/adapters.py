"""What the settings choose: the search engine, the queue, how tokens are checked. For the composition roots only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from servicekit.auth.jwks import JwksClient
from servicekit.auth.tokens import JwtVerifier
from servicekit.bus import Bus, Topology
from servicekit.bus.amqp import AmqpBus
from servicekit.db.database import Database
from servicekit.settings import SettingsError
from servicekit.topology import load_topology
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.port import Engine
from services.search.engine.postgres import PostgresEngine
from services.search.settings import Settings

_AUDIENCE = "search"


def choose_engine(settings: Settings, database: Database) -> Engine:
    """The search engine; ``postgres`` keeps its tables in ``database``. Raises SettingsError."""
    engines: dict[str, Callable[[], Engine]] = {
        "postgres": lambda: PostgresEngine(database.engine),
        "opensearch": lambda: OpenSearchEngine(_opensearch(settings)),
    }
    return engines[settings.engine]()


def choose_bus(settings: Settings) -> tuple[Bus, Topology]:
    """The queue, and which queues there are. Raises SettingsError."""
    if not settings.rabbitmq_url:
        raise SettingsError("RABBITMQ_URL is not set: where is the queue?")
    try:
        topology = load_topology(Path(settings.topology_file))
    except (OSError, ValueError) as error:
        raise SettingsError(f"TOPOLOGY_FILE can't be read: {settings.topology_file}: {error}") from None
    return AmqpBus(settings.rabbitmq_url, exchange=topology.exchange), topology


def choose_verifier(settings: Settings) -> JwtVerifier:
    """Checks tokens by identity's public keys. Raises SettingsError."""
    if not settings.identity_url:
        raise SettingsError("IDENTITY_URL is not set: where are the keys that tokens are checked with?")
    keys = JwksClient(f"{settings.identity_url.rstrip('/')}/v1/identity/jwks.json")
    return JwtVerifier(_AUDIENCE, settings.token_issuer, keys)


def _opensearch(settings: Settings) -> OpenSearchSettings:
    if not settings.opensearch_url:
        raise SettingsError("OPENSEARCH_URL is not set, but SEARCH_ENGINE is opensearch.")
    return OpenSearchSettings(
        url=settings.opensearch_url,
        prefix=settings.opensearch_prefix,
        shards=settings.opensearch_shards,
        replicas=settings.opensearch_replicas,
    )

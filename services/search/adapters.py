"""What the settings choose: the search engine. For the composition roots only."""

from __future__ import annotations

from collections.abc import Callable

from servicekit.db.database import Database
from servicekit.settings import SettingsError
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.port import Engine
from services.search.engine.postgres import PostgresEngine
from services.search.settings import Settings


def choose_engine(settings: Settings, database: Database) -> Engine:
    """The search engine; ``postgres`` keeps its tables in ``database``. Raises SettingsError."""
    engines: dict[str, Callable[[], Engine]] = {
        "postgres": lambda: PostgresEngine(database.engine),
        "opensearch": lambda: OpenSearchEngine(_opensearch(settings)),
    }
    return engines[settings.engine]()


def _opensearch(settings: Settings) -> OpenSearchSettings:
    if not settings.opensearch_url:
        raise SettingsError("OPENSEARCH_URL is not set, but SEARCH_ENGINE is opensearch.")
    return OpenSearchSettings(
        url=settings.opensearch_url,
        prefix=settings.opensearch_prefix,
        shards=settings.opensearch_shards,
        replicas=settings.opensearch_replicas,
    )

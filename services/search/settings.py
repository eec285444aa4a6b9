"""This service's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from environs import Env, validate

from servicekit.audit import AUDIT_KEPT
from servicekit.db.roles import DatabaseUrls
from servicekit.feed_client import Owners
from servicekit.settings import audit_days, database_urls

ENGINES = ("postgres", "opensearch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where this service finds what it needs."""

    database: DatabaseUrls
    engine: str = "postgres"
    opensearch_url: str = ""
    opensearch_prefix: str = ""
    opensearch_shards: int = 1
    opensearch_replicas: int = 0
    rabbitmq_url: str = ""
    topology_file: str = "deploy/topology.json"
    identity_url: str = ""
    token_issuer: str = "customer-accounts"  # noqa: S105 - a name
    customers_url: str = ""
    billing_url: str = ""
    notes_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    pool_size: int = 10
    indexer_batch: int = 500
    indexer_threads: int = 2
    audit_days: int = AUDIT_KEPT.days

    @property
    def owners(self) -> Owners:
        """Whose feeds the projection is filled from."""
        return Owners(
            urls={"customers": self.customers_url, "billing": self.billing_url, "notes": self.notes_url},
            identity_url=self.identity_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
        )

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``SEARCH_DATABASE_URL_*``, ``SEARCH_ENGINE``, ``OPENSEARCH_URL``, ``OPENSEARCH_PREFIX``,
        ``OPENSEARCH_SHARDS``, ``OPENSEARCH_REPLICAS``, ``RABBITMQ_URL``, ``TOPOLOGY_FILE``, ``IDENTITY_URL``,
        ``TOKEN_ISSUER``, ``CUSTOMERS_URL``, ``BILLING_URL``, ``NOTES_URL``, ``SERVICE_CLIENT_ID``,
        ``SERVICE_CLIENT_SECRET``, ``DATABASE_POOL_SIZE``, ``INDEXER_BATCH``, ``INDEXER_THREADS``, ``AUDIT_DAYS``."""
        env = Env()
        positive = validate.Range(min=1)
        return cls(
            database=database_urls(env, "search"),
            engine=env.str("SEARCH_ENGINE", "postgres", validate=validate.OneOf(ENGINES)),
            opensearch_url=env.str("OPENSEARCH_URL", ""),
            opensearch_prefix=env.str("OPENSEARCH_PREFIX", ""),
            opensearch_shards=env.int("OPENSEARCH_SHARDS", 1, validate=positive),
            opensearch_replicas=env.int("OPENSEARCH_REPLICAS", 0),
            rabbitmq_url=env.str("RABBITMQ_URL", ""),
            topology_file=env.str("TOPOLOGY_FILE", "deploy/topology.json"),
            identity_url=env.str("IDENTITY_URL", ""),
            token_issuer=env.str("TOKEN_ISSUER", "customer-accounts"),
            customers_url=env.str("CUSTOMERS_URL", ""),
            billing_url=env.str("BILLING_URL", ""),
            notes_url=env.str("NOTES_URL", ""),
            client_id=env.str("SERVICE_CLIENT_ID", "search"),
            client_secret=env.str("SERVICE_CLIENT_SECRET", ""),
            pool_size=env.int("DATABASE_POOL_SIZE", 10, validate=positive),
            indexer_batch=env.int("INDEXER_BATCH", 500, validate=positive),
            indexer_threads=env.int("INDEXER_THREADS", 2, validate=positive),
            audit_days=audit_days(env),
        )

"""This service's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from environs import Env, validate

from servicekit.audit import AUDIT_KEPT
from servicekit.db.roles import DatabaseUrls
from servicekit.feed_client import Owners
from servicekit.settings import audit_days, database_urls


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where this service finds what it needs.

    ``providers_file`` has the accounts at payment providers; ``sandbox``: whether there is the built-in one, too, whose
    payments are made up.
    """

    database: DatabaseUrls
    rabbitmq_url: str = ""
    topology_file: str = "deploy/topology.json"
    identity_url: str = ""
    token_issuer: str = "customer-accounts"  # noqa: S105 - a name
    customers_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    providers_file: str = ""
    sandbox: bool = False
    pool_size: int = 10
    audit_days: int = AUDIT_KEPT.days

    @property
    def owners(self) -> Owners:
        """Whose feeds this service starts from."""
        return Owners(
            urls={"customers": self.customers_url},
            identity_url=self.identity_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
        )

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``BILLING_DATABASE_URL_*``, ``RABBITMQ_URL``, ``TOPOLOGY_FILE``, ``IDENTITY_URL``, ``TOKEN_ISSUER``,
        ``CUSTOMERS_URL``, ``SERVICE_CLIENT_ID``, ``SERVICE_CLIENT_SECRET``, ``BILLING_PROVIDERS_FILE``,
        ``BILLING_SANDBOX``, ``DATABASE_POOL_SIZE`` and ``AUDIT_DAYS``."""
        env = Env()
        return cls(
            database=database_urls(env, "billing"),
            rabbitmq_url=env.str("RABBITMQ_URL", ""),
            topology_file=env.str("TOPOLOGY_FILE", "deploy/topology.json"),
            identity_url=env.str("IDENTITY_URL", ""),
            token_issuer=env.str("TOKEN_ISSUER", "customer-accounts"),
            customers_url=env.str("CUSTOMERS_URL", ""),
            client_id=env.str("SERVICE_CLIENT_ID", "billing"),
            client_secret=env.str("SERVICE_CLIENT_SECRET", ""),
            providers_file=env.str("BILLING_PROVIDERS_FILE", ""),
            sandbox=env.bool("BILLING_SANDBOX", False),
            pool_size=env.int("DATABASE_POOL_SIZE", 10, validate=validate.Range(min=1)),
            audit_days=audit_days(env),
        )

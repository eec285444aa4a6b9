"""This service's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from environs import Env

from servicekit.db.roles import DatabaseUrls
from servicekit.settings import database_urls


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where this service finds what it needs."""

    database: DatabaseUrls
    rabbitmq_url: str = ""
    identity_url: str = ""
    erasure_participants: tuple[str, ...] = ("search",)
    pool_size: int = 10

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``CUSTOMERS_DATABASE_URL_*``, ``RABBITMQ_URL``, ``IDENTITY_URL``, ``ERASURE_PARTICIPANTS``, ``DATABASE_POOL_SIZE``."""
        env = Env()
        return cls(
            database=database_urls(env, "customers"),
            rabbitmq_url=env.str("RABBITMQ_URL", ""),
            identity_url=env.str("IDENTITY_URL", ""),
            erasure_participants=tuple(env.list("ERASURE_PARTICIPANTS", ["search"])),
            pool_size=env.int("DATABASE_POOL_SIZE", 10),
        )

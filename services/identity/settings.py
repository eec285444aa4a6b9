"""This service's settings, read once from the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from environs import Env

from servicekit.audit import AUDIT_KEPT
from servicekit.db.roles import DatabaseUrls
from servicekit.settings import SettingsError, audit_days, database_urls
from services.identity.roles import SERVICE_SCOPES

ISSUER = "customer-accounts"
SERVICES = ("identity", "customers", "billing", "notifications", "notes", "search", "console")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SHORTEST_ROTATION = timedelta(minutes=10)
# When a session was last used is known to within two minutes only.
_SHORTEST_IDLE = timedelta(minutes=5)
SESSION_IDLE = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """One of our own services: the SHA-256 of its secret, and for each service it calls the scopes it has there."""

    secret_sha256: str
    grants: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLimits:
    """How many sign-ins may fail in 15 minutes before the next is refused unseen.

    By one email address from one network address, by one email address from wherever, and from one network address by
    whatever email.
    """

    per_email_and_address: int = 10
    per_email: int = 50
    per_address: int = 200

    def __post_init__(self) -> None:
        if not 1 <= self.per_email_and_address <= min(self.per_email, self.per_address):
            raise SettingsError(
                "IDENTITY_SIGN_IN_LIMIT must be 1 or more, IDENTITY_SIGN_IN_LIMIT_PER_EMAIL and "
                "IDENTITY_SIGN_IN_LIMIT_PER_ADDRESS as many or more."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this service needs to know.

    ``secret`` encrypts the signing keys in the database; ``audiences`` are the services that accept the gateway's
    tokens. ``token_seconds`` and the time that the gateway keeps a token make at most 60 s together: for so long a
    revoked key may still work. A session ends ``session_lifetime`` after its beginning, or earlier if it was unused for
    as long as ``session_idle``.
    """

    database: DatabaseUrls
    secret: str = field(repr=False)
    issuer: str = ISSUER
    audiences: tuple[str, ...] = SERVICES
    service_clients: Mapping[str, ServiceClient] = field(default_factory=dict)
    token_seconds: int = 35
    service_token_seconds: int = 300
    session_lifetime: timedelta = timedelta(hours=12)
    session_idle: timedelta = SESSION_IDLE
    sign_in_limits: SignInLimits = field(default_factory=lambda: SignInLimits())
    key_rotation: timedelta = timedelta(days=1)
    pool_size: int = 10
    audit_days: int = AUDIT_KEPT.days

    def __post_init__(self) -> None:
        if len(self.secret) < 32:
            raise SettingsError("IDENTITY_SECRET must have 32 characters or more, from a random source.")
        if not 5 <= self.token_seconds <= 40:
            raise SettingsError("IDENTITY_TOKEN_SECONDS must be between 5 and 40.")
        if self.session_idle < _SHORTEST_IDLE:
            raise SettingsError("IDENTITY_SESSION_IDLE_SECONDS must be 300 or more.")
        if self.key_rotation < _SHORTEST_ROTATION:
            # The next key has to reach every service before it signs; services read the keys every few minutes.
            raise SettingsError("IDENTITY_KEY_ROTATION_SECONDS must be 600 or more.")

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``IDENTITY_DATABASE_URL_*``, ``IDENTITY_SECRET``, ``TOKEN_ISSUER``, ``TOKEN_AUDIENCES``,
        ``SERVICE_CLIENTS``, ``IDENTITY_TOKEN_SECONDS``, ``IDENTITY_SESSION_SECONDS``,
        ``IDENTITY_SESSION_IDLE_SECONDS``, ``IDENTITY_SIGN_IN_LIMIT``, ``IDENTITY_SIGN_IN_LIMIT_PER_EMAIL``,
        ``IDENTITY_SIGN_IN_LIMIT_PER_ADDRESS``, ``IDENTITY_KEY_ROTATION_SECONDS``,
        ``DATABASE_POOL_SIZE`` and ``AUDIT_DAYS``.

        Raises SettingsError.
        """
        env = Env()
        return cls(
            database=database_urls(env, "identity"),
            secret=env.str("IDENTITY_SECRET", ""),
            issuer=env.str("TOKEN_ISSUER", ISSUER),
            audiences=tuple(env.list("TOKEN_AUDIENCES", list(SERVICES))),
            service_clients=parse_service_clients(env.str("SERVICE_CLIENTS", "{}")),
            token_seconds=env.int("IDENTITY_TOKEN_SECONDS", 35),
            session_lifetime=timedelta(seconds=env.int("IDENTITY_SESSION_SECONDS", 12 * 3600)),
            session_idle=timedelta(seconds=env.int("IDENTITY_SESSION_IDLE_SECONDS", 3600)),
            sign_in_limits=SignInLimits(
                per_email_and_address=env.int("IDENTITY_SIGN_IN_LIMIT", 10),
                per_email=env.int("IDENTITY_SIGN_IN_LIMIT_PER_EMAIL", 50),
                per_address=env.int("IDENTITY_SIGN_IN_LIMIT_PER_ADDRESS", 200),
            ),
            key_rotation=timedelta(seconds=env.int("IDENTITY_KEY_ROTATION_SECONDS", 86400)),
            pool_size=env.int("DATABASE_POOL_SIZE", 10),
            audit_days=audit_days(env),
        )


def parse_service_clients(text: str) -> dict[str, ServiceClient]:
    """The clients that ``SERVICE_CLIENTS`` lists, in JSON::

        {"search": {"secret_sha256": "<64 hex digits>", "grants": {"customers": ["customers:feed"]}}}

    Raises SettingsError.
    """
    try:
        return {str(name): _client(entry) for name, entry in json.loads(text).items()}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise SettingsError(f"SERVICE_CLIENTS is not as described in the documentation: {error}") from None


def _client(entry: Mapping[str, object]) -> ServiceClient:
    digest, grants = entry["secret_sha256"], entry["grants"]
    if not isinstance(digest, str) or not _SHA256.match(digest):
        raise ValueError("secret_sha256 must be 64 hexadecimal digits in lower case")
    if not isinstance(grants, dict):
        raise ValueError("grants must name services and their scopes")
    allowed = {str(audience): frozenset(scopes) for audience, scopes in grants.items()}
    unknown = frozenset().union(*allowed.values()) - set(SERVICE_SCOPES)
    if unknown:
        raise ValueError(f"no scope of services: {', '.join(sorted(unknown))}")
    return ServiceClient(digest, allowed)

"""What settings choose of the kit's own adapters. For composition roots only."""

from __future__ import annotations

from pathlib import Path

from servicekit.auth.jwks import JwksClient
from servicekit.auth.tokens import JwtVerifier
from servicekit.bus import Bus, Topology
from servicekit.bus.amqp import AmqpBus
from servicekit.settings import SettingsError
from servicekit.topology import load_topology


def amqp_bus(*, rabbitmq_url: str, topology_file: str) -> tuple[Bus, Topology]:
    """The queue, and which queues there are. Raises SettingsError."""
    if not rabbitmq_url:
        raise SettingsError("RABBITMQ_URL is not set: where is the queue?")
    try:
        topology = load_topology(Path(topology_file))
    except (OSError, ValueError) as error:
        raise SettingsError(f"TOPOLOGY_FILE can't be read: {topology_file}: {error}") from None
    return AmqpBus(rabbitmq_url, exchange=topology.exchange), topology


def jwt_verifier(*, identity_url: str, audience: str, issuer: str) -> JwtVerifier:
    """Checks tokens by identity's public keys. Raises SettingsError."""
    if not identity_url:
        raise SettingsError("IDENTITY_URL is not set: where are the keys that tokens are checked with?")
    keys = JwksClient(f"{identity_url.rstrip('/')}/v1/identity/jwks.json")
    return JwtVerifier(audience, issuer, keys)

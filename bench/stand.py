"""What the measurements run on: a PostgreSQL of their own with fsync on, a vhost and an index of their own."""

from __future__ import annotations

import os
import secrets
import tempfile
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from opensearchpy import OpenSearch

from bench.measure import CannotRun
from bench.people import editor
from bench.processes import ROOT, Child, free_port, running, wait_for_port
from embedded.installation import Installation
from embedded.postgres import EmbeddedPostgres
from servicekit.bus import Topology
from servicekit.bus.amqp import AmqpBus
from servicekit.db.database import Database
from servicekit.db.roles import PARTS
from servicekit.topology import load_topology
from services.identity.settings import ISSUER
from services.identity.settings import SERVICES as AUDIENCES
from services.identity.signer import Signer
from tools.servers.for_tests import servers_for_tests

TOPOLOGY = ROOT / "deploy" / "topology.json"
SERVICES = ("identity", "customers", "billing", "notes", "search", "notifications")
_TOKEN_SECONDS = 6 * 3600
_KEY_ROTATION = timedelta(days=1)


@dataclass
class Stand:
    """The servers, an installation on them, and how its processes are started."""

    directory: Path
    installation: Installation
    amqp_url: str
    opensearch_url: str
    notes: dict[str, str]
    stack: ExitStack = field(repr=False)
    _databases: dict[str, Database] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)

    @property
    def topology(self) -> Topology:
        """The product's own."""
        return load_topology(TOPOLOGY)

    def require(self, *servers: str) -> None:
        """Raises CannotRun if one of these isn't there."""
        there = {"RabbitMQ": self.amqp_url, "OpenSearch": self.opensearch_url}
        missing = [f"needs {name}: {self.notes.get(name, 'none found')}" for name in servers if not there[name]]
        if missing:
            raise CannotRun("; ".join(missing))

    def database(self, service: str, role: str) -> Database:
        """A service's database as one of its roles."""
        name = f"{service}.{role}"
        if name not in self._databases:
            self._databases[name] = Database(getattr(self.installation.urls(service), role), pool_size=2)
        return self._databases[name]

    def token(self, publisher_id: str) -> str:
        """A token as the gateway sends it, but one that outlives the measurement."""
        signer = Signer(
            self.database("identity", "system"),
            secret=self.installation.derived_secret("identity"),
            issuer=ISSUER,
            audiences=AUDIENCES,
            token_seconds=_TOKEN_SECONDS,
            key_rotation=_KEY_ROTATION,
        )
        return signer.gateway_token(editor(publisher_id))

    def web(self, service: str, *, on: ExitStack, **settings: str) -> int:
        """The port of a service's web process: one worker, eight threads; identity is started with the others."""
        if service != "identity":
            self.identity_url()
        port = free_port()
        arguments = ["web", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8"]
        wait_for_port(self.process(service, *arguments, on=on, **settings), port)
        return port

    def identity_url(self) -> str:
        """Where a service that is not the product's finds the keys that tokens are checked with."""
        if "identity" not in self._ports:
            self._ports["identity"] = self.web("identity", on=self.stack)
        return f"http://127.0.0.1:{self._ports['identity']}"

    def process(self, service: str, *arguments: str, on: ExitStack, **settings: str) -> Child:
        """``python -m services.<service> <arguments>``, until ``on`` is closed."""
        own = {**self._settings(), "WORKER_ID": f"{service}-{arguments[0]}", **settings}
        command = ["-m", f"services.{service}", *arguments]
        return on.enter_context(running(f"{service}-{arguments[0]}", command, own, self.directory))

    def close(self) -> None:
        """Close connections, and take the indices away."""
        for database in self._databases.values():
            database.close()
        if self.opensearch_url:
            OpenSearch([self.opensearch_url]).indices.delete(index=f"{self.installation.prefix}*", ignore=[404])

    def _settings(self) -> dict[str, str]:
        urls = {
            f"{service.upper()}_DATABASE_URL_{part.upper()}": getattr(self.installation.urls(service), part)
            for service in SERVICES
            for part in PARTS
        }
        return {
            **urls,
            "BILLING_SANDBOX": "true",
            "RABBITMQ_URL": self.amqp_url,
            "TOPOLOGY_FILE": str(TOPOLOGY),
            "SEARCH_ENGINE": "opensearch",
            "OPENSEARCH_URL": self.opensearch_url,
            "OPENSEARCH_PREFIX": self.installation.prefix,
            "IDENTITY_SECRET": self.installation.derived_secret("identity"),
            "IDENTITY_URL": f"http://127.0.0.1:{self._ports.get('identity', 0)}",
        }


@contextmanager
def prepared_stand() -> Iterator[Stand]:
    """Servers found or started, databases made, queues declared; all taken away afterwards."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-bench-")))
        postgres = stack.enter_context(EmbeddedPostgres(directory / "postgres"))
        # Named, so that none is looked for: the one for tests has fsync off.
        given = os.environ.get("POSTGRES_URL")
        os.environ["POSTGRES_URL"] = postgres
        try:
            found = stack.enter_context(servers_for_tests())
        finally:
            os.environ.pop("POSTGRES_URL")
            if given:
                os.environ["POSTGRES_URL"] = given
        servers = {**os.environ, **found.environment}
        installation = Installation(postgres, secrets.token_hex(16), f"bench_{secrets.token_hex(3)}_")
        installation.prepare(SERVICES)
        stand = Stand(
            directory=directory,
            installation=installation,
            amqp_url=_vhost(servers, installation.prefix, found.notes, stack),
            opensearch_url=servers.get("OPENSEARCH_URL", ""),
            notes=found.notes,
            stack=stack,
        )
        stack.callback(stand.close)
        if stand.amqp_url:
            AmqpBus(stand.amqp_url, exchange=stand.topology.exchange).declare(stand.topology)
        yield stand


def _vhost(servers: dict[str, str], name: str, notes: dict[str, str], stack: ExitStack) -> str:
    """The address of a vhost of our own, made by RabbitMQ's management; empty where that isn't there."""
    url, management = servers.get("RABBITMQ_URL", ""), servers.get("RABBITMQ_MANAGEMENT_URL", "")
    if not url or not management:
        if url:
            notes["RabbitMQ"] = "RABBITMQ_MANAGEMENT_URL is not set, by which a vhost of its own would be made"
        return ""
    user = urlsplit(management).username or "guest"
    _manage(management, "PUT", f"/api/vhosts/{name}", b"{}")
    stack.callback(_manage, management, "DELETE", f"/api/vhosts/{name}", None)
    everything = b'{"configure": ".*", "write": ".*", "read": ".*"}'
    _manage(management, "PUT", f"/api/permissions/{name}/{user}", everything)
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _manage(management: str, method: str, path: str, body: bytes | None) -> None:
    parts = urlsplit(management)
    address = f"{parts.scheme}://{parts.hostname}:{parts.port}{path}"
    login = b64encode(f"{parts.username or ''}:{parts.password or ''}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(address, body, headers, method=method), timeout=30).close()

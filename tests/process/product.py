"""The product on given servers: databases, a vhost and an index of its own, its processes, nginx in front."""

from __future__ import annotations

import hashlib
import json
import secrets
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from opensearchpy import OpenSearch
from psycopg import sql
from sqlalchemy.engine import make_url

from embedded.installation import MIGRATIONS, Installation
from embedded.mail_catcher import MailCatcher
from servicekit import clock
from servicekit.bus.amqp import AmqpBus
from servicekit.db.database import Database
from servicekit.db.roles import PARTS, role_name
from servicekit.topology import load_topology
from services.identity.actions import create_api_key, create_publisher
from services.identity.roles import PUBLISHER_SCOPES
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from tests.process.children import Program
from tests.process.fleet import Fleet
from tests.process.gateway import free_ports, is_listening, nginx
from tests.process.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
TOPOLOGY = ROOT / "deploy" / "topology.json"
SERVICES = tuple(MIGRATIONS)
START_SECONDS = 60.0
OUTSIDE_SERVICE = "toy"
"""A service that isn't part of the product, but may read the customers' feed as those do."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are. ``opensearch_for_product``: by which way the product gets there, a proxy's perhaps."""

    postgres: str
    rabbitmq: str
    rabbitmq_management: str
    opensearch: str
    opensearch_for_product: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher and its API key."""

    publisher_id: str
    api_key: str


@dataclass
class Product:
    """The running product, and what a test needs of its inside."""

    servers: Servers
    installation: Installation
    directory: Path
    url: str
    ports: dict[str, int]
    relay_metrics: int
    """The port where the customers' relay tells its figures."""
    amqp_url: str
    fleet: Fleet
    toy_secret: str
    mail: MailCatcher
    databases: dict[str, Database] = field(default_factory=dict)

    @property
    def engine(self) -> OpenSearchEngine:
        """The index, not by the product's own way."""
        return OpenSearchEngine(OpenSearchSettings(url=self.servers.opensearch, prefix=self.installation.prefix))

    def database(self, service: str, role: str) -> Database:
        """A service's database as one of its roles."""
        name = f"{service}.{role}"
        if name not in self.databases:
            url = getattr(self.installation.urls(service), role)
            self.databases[name] = Database(url, pool_size=2, overflow=2)
        return self.databases[name]

    def admin(self, service: str) -> psycopg.Connection:
        """A connection to a service's database that sees everything."""
        url = make_url(self.servers.postgres).set(database=self.installation.prefix + service)
        return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)

    def publisher(self) -> Publisher:
        """A new publisher with an API key for everything."""
        now, unique = clock.now(), secrets.token_hex(4)
        with self.database("identity", "app").transaction() as session:
            owner = create_publisher(
                session,
                name=f"Publisher {unique}",
                owner_email=f"owner-{unique}@example.com",
                owner_name="Owner",
                password=secrets.token_urlsafe(12),
                now=now,
            )
            _key, secret = create_api_key(
                session,
                publisher_id=owner.publisher_id,
                name="Test key",
                scopes=PUBLISHER_SCOPES,
                grantable=frozenset(PUBLISHER_SCOPES),
                created_by=owner.id,
                now=now,
            )
        return Publisher(owner.publisher_id, secret)


@contextmanager
def running_product(
    servers: Servers, directory: Path, *, seed: int = 0, kinds: Iterable[str] = ()
) -> Iterator[Product]:
    """The product, taken away afterwards with all that it left on the servers.

    With ``kinds`` processes of these kinds kill themselves at named points while the fleet is armed.
    """
    prefix = f"prc_{secrets.token_hex(3)}_"
    installation = Installation(servers.postgres, secrets.token_hex(16), prefix)
    names = ("identity", "customers", "billing", "notes", "search", "notifications")
    relay, gateway, *web = free_ports(len(names) + 2)
    ports = dict(zip(names, web, strict=True))
    toy_secret = secrets.token_urlsafe(24)
    with ExitStack() as stack:
        stack.callback(_remove_databases, installation)
        installation.prepare(SERVICES)
        amqp_url = stack.enter_context(_vhost(servers, prefix))
        topology = load_topology(TOPOLOGY)
        AmqpBus(amqp_url, exchange=topology.exchange).declare(topology)
        stack.callback(_remove_indices, servers, prefix)
        environment = _environment(servers, installation, amqp_url, ports, toy_secret)
        mail = MailCatcher(most=None)
        environment |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mail.start()), "SMTP_SECURITY": "none"}
        stack.callback(mail.stop)
        fleet = Fleet(directory, _programs(environment, ports, relay), seed=seed, kinds=kinds)
        upstreams = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        upstreams["docs"] = upstreams["console"] = upstreams["identity"]  # neither is asked for here
        url = stack.enter_context(nginx(directory / "nginx", gateway, upstreams))
        product = Product(servers, installation, directory, url, ports, relay, amqp_url, fleet, toy_secret, mail)
        stack.callback(_close, product)
        stack.callback(fleet.abandon)
        product.engine.ensure()
        fleet.start()
        wait_until("every web process listens", START_SECONDS, lambda: _silent(ports))
        yield product


def _silent(ports: dict[str, int]) -> list[str]:
    return [name for name, port in ports.items() if not is_listening(port)]


def _environment(
    servers: Servers, installation: Installation, amqp_url: str, ports: dict[str, int], toy_secret: str
) -> dict[str, str]:
    clients = {
        OUTSIDE_SERVICE: {
            "secret_sha256": hashlib.sha256(toy_secret.encode()).hexdigest(),
            "grants": {"customers": ["customers:feed"]},
        },
        "notes": {
            "secret_sha256": hashlib.sha256(toy_secret.encode()).hexdigest(),
            "grants": {"customers": ["customers:feed"]},
        },
        "notifications": {
            "secret_sha256": hashlib.sha256(toy_secret.encode()).hexdigest(),
            "grants": {"customers": ["customers:feed"], "billing": ["billing:feed"]},
        },
        "customers": {
            "secret_sha256": hashlib.sha256(toy_secret.encode()).hexdigest(),
            "grants": {"billing": ["billing:close"]},
        },
    }
    urls = {
        f"{service.upper()}_DATABASE_URL_{part.upper()}": getattr(installation.urls(service), part)
        for service in SERVICES
        for part in PARTS
    }
    return {
        **urls,
        "RABBITMQ_URL": amqp_url,
        "TOPOLOGY_FILE": str(TOPOLOGY),
        "SEARCH_ENGINE": "opensearch",
        "OPENSEARCH_URL": servers.opensearch_for_product,
        "OPENSEARCH_PREFIX": installation.prefix,
        "IDENTITY_SECRET": installation.derived_secret("identity"),
        "IDENTITY_URL": f"http://127.0.0.1:{ports['identity']}",
        "CUSTOMERS_URL": f"http://127.0.0.1:{ports['customers']}",
        "BILLING_SANDBOX": "true",
        "BILLING_URL": f"http://127.0.0.1:{ports['billing']}",
        "SERVICE_CLIENT_ID": "customers",
        "SERVICE_CLIENT_SECRET": toy_secret,
        "SERVICE_CLIENTS": json.dumps(clients),
        "DATABASE_POOL_SIZE": "8",
    }


def _programs(environment: dict[str, str], ports: dict[str, int], relay_metrics: int) -> list[Program]:
    def program(service: str, kind: str, arguments: Iterable[str], *, name: str = "", **own: str) -> Program:
        name = name or f"{service}-{kind}"
        mine = {**environment, "WORKER_ID": name, **own}
        return Program(name, kind, f"services.{service}", tuple(arguments), mine)

    def web(service: str) -> tuple[str, ...]:
        return ("web", "--bind", f"127.0.0.1:{ports[service]}", "--workers", "1", "--threads", "8")

    return [
        # Only the customers' web process writes; the others are there to be asked.
        program("identity", "identity", web("identity"), name="identity-web"),
        program("search", "search", web("search"), name="search-web"),
        program("notes", "notes", web("notes"), name="notes-web"),
        program("notes", "relay", ["relay"]),
        program("notes", "worker", ["worker"], SERVICE_CLIENT_ID="notes"),
        program("customers", "web", web("customers")),
        program("customers", "relay", ["relay"], METRICS_PORT=str(relay_metrics)),
        program("billing", "billing", web("billing"), name="billing-web"),
        program("billing", "relay", ["relay"]),
        program("billing", "worker", ["worker"]),
        program("billing", "scheduler", ["scheduler"]),
        program("search", "relay", ["relay"]),
        program("search", "worker", ["worker"]),
        program("customers", "worker", ["worker"]),
        program("search", "indexer", ["indexer"]),
        program("notifications", "notifications", web("notifications"), name="notifications-web"),
        program("notifications", "relay", ["relay"]),
        program("notifications", "worker", ["worker"], SERVICE_CLIENT_ID="notifications"),
        program("notifications", "sender", ["sender"]),
        program("notifications", "scheduler", ["scheduler"]),
    ]


@contextmanager
def _vhost(servers: Servers, name: str) -> Iterator[str]:
    """A part of the broker of our own, where the product's queues have their real names."""
    _manage(servers, "PUT", f"/api/vhosts/{name}")
    user = urlsplit(servers.rabbitmq).username or "guest"
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    _manage(servers, "PUT", f"/api/permissions/{name}/{user}", rights)
    try:
        yield urlunsplit(urlsplit(servers.rabbitmq)._replace(path=f"/{name}"))
    finally:
        _manage(servers, "DELETE", f"/api/vhosts/{name}")


def _manage(servers: Servers, method: str, path: str, body: object = None) -> None:
    parts = urlsplit(servers.rabbitmq_management)
    credentials = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    request = urllib.request.Request(
        f"http://{parts.hostname}:{parts.port}{path}",
        method=method,
        data=json.dumps(body or {}).encode(),
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()


def _close(product: Product) -> None:
    for database in product.databases.values():
        database.close()


def _remove_indices(servers: Servers, prefix: str) -> None:
    OpenSearch([servers.opensearch]).indices.delete(index=f"{prefix}*", ignore=[404])


def _remove_databases(installation: Installation) -> None:
    with psycopg.connect(installation.admin_url, autocommit=True) as connection:
        for service in SERVICES:
            database = installation.prefix + service
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            for part in PARTS:
                role = sql.Identifier(role_name(database, part))
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))

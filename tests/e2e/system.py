"""The whole product in the test's own process, behind the gateway, over either queue and either engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from kombu import Connection
from opensearchpy import OpenSearch
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from embedded.assembly import Assembly, assemble
from embedded.installation import MIGRATIONS, QUEUE_DATABASE, Installation
from embedded.mail_catcher import MemoryTransport
from embedded.product import TOPOLOGY
from embedded.site import create_site
from servicekit import clock
from servicekit.bus import Bus, BusUnavailable, Consumer, Publisher, Topology
from servicekit.bus.amqp import AmqpBus, dead_letter_queue
from servicekit.bus.inprocess import InProcessBus
from servicekit.db.database import Database
from servicekit.db.roles import PARTS, role_name
from servicekit.db.tables import outbox
from servicekit.ids import new_id
from servicekit.testing.servers import postgres_admin_url, require
from servicekit.topology import load_topology
from services.identity.actions import begin_session, create_api_key, create_publisher
from services.identity.models import Staff
from services.identity.roles import OWNER, PUBLISHER_SCOPES
from services.search.comparison import compare
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.port import Engine
from services.search.engine.postgres import PostgresEngine
from tests.e2e.checked import CheckedPublisher

MODES = ("embedded", "real")


@dataclass(frozen=True, slots=True)
class PrefixedBus:
    """A bus whose queues have names of their own on a shared server; ``passed`` are the types that were published."""

    inner: Bus
    prefix: str
    consumers: list[Consumer] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)

    def declare(self, topology: Topology) -> None:
        """As the port says."""
        self.inner.declare(self.renamed(topology))

    def renamed(self, topology: Topology) -> Topology:
        """The same with names of its own."""
        return Topology(
            exchange=f"{self.prefix}{topology.exchange}",
            queues={f"{self.prefix}{queue}": types for queue, types in topology.queues.items()},
        )

    def publisher(self) -> Publisher:
        """As the port says."""
        return CheckedPublisher(self.inner.publisher(), self.passed)

    def consumer(self, queue: str, *, prefetch: int = 200) -> Consumer:
        """As the port says."""
        self.consumers.append(self.inner.consumer(self.prefix + queue, prefetch=prefetch))
        return self.consumers[-1]

    def depth(self, queue: str) -> int:
        """As the port says."""
        return self.inner.depth(self.prefix + queue)


@dataclass(frozen=True, slots=True)
class Api:
    """Sends requests to the gateway with one credential."""

    client: Client
    credential: str
    publisher_id: str = ""

    def send(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> TestResponse:
        """One request through the gateway."""
        sent = {"Authorization": f"Bearer {self.credential}", **(headers or {})}
        return self.client.open(path, method=method, json=body, headers=sent)

    def send_file(self, path: str, content: str | bytes, *, media_type: str = "text/csv") -> TestResponse:
        """A file as the body of one request."""
        sent = {"Authorization": f"Bearer {self.credential}", "Content-Type": media_type}
        return self.client.open(path, method="POST", data=content, headers=sent)

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at this address; it must be there."""
        answer = self.client.open(path, query_string=parameters, headers={"Authorization": f"Bearer {self.credential}"})
        assert answer.status_code == 200, answer.text
        return answer.json

    def create(self, **fields: Any) -> dict[str, Any]:
        """A new customer."""
        answer = self.send("POST", "/v1/customers", fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def edit(self, customer_id: str, **fields: Any) -> dict[str, Any]:
        """An edit, whatever the version."""
        answer = self.send("PATCH", f"/v1/customers/{customer_id}", fields, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def anonymize(self, customer_id: str) -> None:
        """Anonymize a customer."""
        answer = self.send("POST", f"/v1/customers/{customer_id}/anonymize", {})
        assert answer.status_code == 202, answer.text

    def found(self, q: str, **parameters: Any) -> list[str]:
        """The IDs of the customers that a search finds, best first."""
        return [item["id"] for item in self.get("/v1/search/customers", q=q, limit=100, **parameters)["items"]]


@dataclass
class System:
    """The product, and what a test needs of its inside."""

    mode: str
    installation: Installation
    assembly: Assembly
    bus: PrefixedBus
    engine: Engine
    topology: Topology
    client: Client
    prefix: str
    mail: MemoryTransport

    def publisher(self, scopes: Sequence[str] = tuple(PUBLISHER_SCOPES)) -> Api:
        """A new publisher, with an API key that has these scopes."""
        now, unique = clock.now(), secrets.token_hex(4)
        with self.assembly.databases["identity.app"].transaction() as session:
            owner = create_publisher(
                session,
                name=f"Publisher {unique}",
                owner_email=f"owner-{unique}@example.com",
                owner_name="Owner",
                password="correct horse battery staple",
                now=now,
            )
            _key, secret = create_api_key(
                session,
                publisher_id=owner.publisher_id,
                name="Test key",
                scopes=scopes,
                grantable=frozenset(PUBLISHER_SCOPES),
                created_by=owner.id,
                now=now,
            )
        return Api(self.client, secret, owner.publisher_id)

    def staff(self, publisher_id: str, role: str) -> Api:
        """A new staff member of this role, signed in; the owner there is, for that one."""
        now = clock.now()
        with self.assembly.databases["identity.app"].transaction(publisher_id) as session:
            if role == OWNER:
                member = session.scalars(select(Staff).where(Staff.role == OWNER)).one()
            else:
                member = _new_member(session, publisher_id, role)
            credential = begin_session(session, staff=member, lifetime=timedelta(hours=1), now=now)
        return Api(self.client, credential, publisher_id)

    def drain(self) -> None:
        """Let everything that was written travel until nothing is left anywhere."""
        for _ in range(1000):
            if self._step() == 0 and self._is_idle():
                self.engine.refresh()
                return
        raise AssertionError(f"events are left: {self._waiting()}")

    def _step(self) -> int:
        """A pass of every part. Nobody served the connections while a browser or an import worked: one that RabbitMQ
        gave up meanwhile is made anew, as the parts' own loops do it."""
        try:
            return self.assembly.step()
        except BusUnavailable:
            return 1

    def assert_index_is_right(self, publisher_id: str) -> None:
        """The index equals what the projection says, in all fields and tombstones."""
        found = compare(self.assembly.databases["search.app"], self.engine, publisher_id)
        assert found.equal, found

    def _is_idle(self) -> bool:
        return not any(self._waiting().values())

    def _waiting(self) -> dict[str, int]:
        waiting = {f"queue {queue}": self.bus.depth(queue) for queue in self.topology.queues}
        for service in self.assembly.relays:
            with self.assembly.databases[f"{service}.system"].transaction() as session:
                waiting[f"outbox {service}"] = session.scalar(select(func.count()).select_from(outbox)) or 0
        return waiting


def _new_member(session: Session, publisher_id: str, role: str) -> Staff:
    email = f"{role}-{secrets.token_hex(4)}@example.com"
    member = Staff(
        id=new_id("stf"),
        publisher_id=publisher_id,
        email=email,
        email_key=email,
        name=role,
        role=role,
        password_hash="never used",
        created_at=clock.now(),
    )
    session.add(member)
    session.flush()
    return member


@contextmanager
def running_system(mode: str) -> Iterator[System]:
    """An installation of its own on the tests' servers, taken away afterwards."""
    prefix = f"e2e_{secrets.token_hex(3)}_"
    installation = Installation(postgres_admin_url(), secrets.token_hex(16), prefix)
    installation.prepare()
    topology = load_topology(TOPOLOGY)
    bus = _bus(mode, installation, topology, prefix)
    engines: list[Engine] = []

    def engine(database: Database) -> Engine:
        engines.append(_engine(mode, database, prefix))
        return engines[0]

    mail = MemoryTransport()
    assembly = assemble(installation, bus=bus, engine=engine, topology=topology, transport=mail)
    client = Client(create_site(assembly))
    try:
        yield System(mode, installation, assembly, bus, engines[0], topology, client, prefix, mail)
    finally:
        for relay in assembly.relays.values():
            relay.close()
        for consumer in bus.consumers:
            consumer.close()
        assembly.close()
        _remove(mode, installation, bus, topology)


def _bus(mode: str, installation: Installation, topology: Topology, prefix: str) -> PrefixedBus:
    if mode == "embedded":
        return PrefixedBus(InProcessBus(installation.urls(QUEUE_DATABASE).migrate), prefix)
    return PrefixedBus(AmqpBus(require("RabbitMQ"), exchange=prefix + topology.exchange), prefix)


def _engine(mode: str, database: Database, prefix: str) -> Engine:
    if mode == "embedded":
        return PostgresEngine(database.engine)
    return OpenSearchEngine(OpenSearchSettings(url=require("OpenSearch"), prefix=prefix))


def _remove(mode: str, installation: Installation, bus: PrefixedBus, topology: Topology) -> None:
    if mode == "real":
        _remove_queues(bus.renamed(topology))
        OpenSearch([require("OpenSearch")]).indices.delete(index=f"{installation.prefix}*", ignore=[404])
    elif isinstance(bus.inner, InProcessBus):
        bus.inner.close()
    with psycopg.connect(installation.admin_url, autocommit=True) as connection:
        for service in (*MIGRATIONS, QUEUE_DATABASE):
            database = installation.prefix + service
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            for part in PARTS:
                role = sql.Identifier(role_name(database, part))
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))


def _remove_queues(topology: Topology) -> None:
    with Connection(require("RabbitMQ")) as connection, connection.channel() as channel:
        for queue in topology.queues:
            channel.queue_delete(queue)
            channel.queue_delete(dead_letter_queue(queue))
        channel.exchange_delete(topology.exchange)

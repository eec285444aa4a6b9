"""A second service with a database, a queue and a handler of its own, which keeps who has which last name."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.auth.service_token import ServiceAuth, ServiceTokens, from_identity
from servicekit.bootstrap import bootstrap
from servicekit.bus import Topology
from servicekit.bus.amqp import AmqpBus
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.db.ddl import consumer_v1
from servicekit.db.roles import isolate
from servicekit.events import Event
from servicekit.feed import FeedItem, FeedPage
from servicekit.subscriptions import Erasure, State, Subscriptions
from servicekit.testing.databases import run_statements, template
from tests.process.product import OUTSIDE_SERVICE, Product

_EXCHANGE = "accounts.events"
_PAGE = 50
_KEEP = text(
    """
    INSERT INTO person AS present (id, publisher_id, version, last_name, gone)
    VALUES (:id, :publisher_id, :version, :last_name, :gone)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, last_name = excluded.last_name, gone = excluded.gone
    WHERE present.version < excluded.version
    """
)


def _tables(database: str) -> list[str]:
    table = """CREATE TABLE person (id text PRIMARY KEY, publisher_id text NOT NULL, version bigint NOT NULL,
        last_name text, gone boolean NOT NULL)"""
    return [table, *isolate(database, "person", app="SELECT, INSERT, UPDATE", system="SELECT")]


def keep(session: Session, events: Sequence[Event]) -> None:
    """Take customers' states in."""
    for event in events:
        _keep(session, event.publisher_id, event.subject, event.aggregate_version, event.data["last_name"], gone=False)


def forget(session: Session, event: Event) -> None:
    """Forget a customer."""
    _keep(session, event.publisher_id, event.subject, event.aggregate_version, None, gone=True)


def keep_page(session: Session, items: Sequence[FeedItem]) -> None:
    """Take a part of the feed in."""
    for item in items:
        name = None if item.deleted else item.data["last_name"]
        _keep(session, item.publisher_id, item.subject, item.version, name, gone=item.deleted)


def _keep(session: Session, publisher_id: str, customer_id: str, version: int, name: str | None, *, gone: bool) -> None:
    row = {"id": customer_id, "publisher_id": publisher_id, "version": version, "last_name": name, "gone": gone}
    session.execute(_KEEP, row)


SUBSCRIPTIONS: Subscriptions = {
    "customers.customer.created.v1": State(keep),
    "customers.customer.edited.v1": State(keep),
    "customers.customer.logged_in.v1": State(keep),
    "customers.customer.anonymized.v1": Erasure(forget),
}


@dataclass
class ToyService:
    """The service; its consumer runs."""

    product: Product
    app: Database
    system: Database

    def bootstrap(self) -> int:
        """Read the customers' feed over HTTP, with a token of this service's own; how many there were."""
        base = f"http://127.0.0.1:{self.product.ports['customers']}"
        issue = from_identity(
            f"http://127.0.0.1:{self.product.ports['identity']}",
            client_id=OUTSIDE_SERVICE,
            client_secret=self.product.toy_secret,
            audience="customers",
        )
        with httpx2.Client(base_url=base, auth=ServiceAuth(ServiceTokens(issue)), timeout=30.0) as client:

            def fetch(cursor: str | None) -> FeedPage:
                parameters = {"limit": str(_PAGE), **({"cursor": cursor} if cursor else {})}
                response = client.get("/internal/feed/customers", params=parameters)
                response.raise_for_status()
                return FeedPage.from_json(response.content)

            return bootstrap("customers", fetch, keep_page, self.app)

    def people(self) -> dict[str, tuple[int, str | None, bool]]:
        """Everyone it knows: version, last name, whether they are gone."""
        with self.system.transaction() as session:
            rows = session.execute(text("SELECT id, version, last_name, gone FROM person"))
            return {row[0]: (row[1], row[2], row[3]) for row in rows}


@contextmanager
def toy_service(product: Product) -> Iterator[ToyService]:
    """The service added to a product that runs: first its queue, so that from then on nothing passes it by."""
    bus = AmqpBus(product.amqp_url, exchange=_EXCHANGE)
    bus.declare(Topology(_EXCHANGE, {"toy": tuple(SUBSCRIPTIONS)}))
    with template("toy", run_statements(consumer_v1, _tables)) as made:
        urls = made.urls(made.name)
        app, system = Database(urls.app, pool_size=2), Database(urls.system, pool_size=2)
        consumer = EventConsumer(
            name="toy", consumer=bus.consumer("toy"), app=app, system=system, subscriptions=SUBSCRIPTIONS
        )
        stop = threading.Event()
        thread = threading.Thread(target=consumer.run, args=(stop,), daemon=True)
        thread.start()
        try:
            yield ToyService(product, app, system)
        finally:
            stop.set()
            thread.join(30)
            app.close()
            system.close()

"""The search service's parts put together for tests, and the words the tests use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask.testing import FlaskClient
from sqlalchemy import text

from servicekit import faults
from servicekit.clock import rfc3339
from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls
from servicekit.dispatch import Dispatcher
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.testing.callers import KnownCallers, api_key
from services.search.app import create_app
from services.search.columns import Order
from services.search.engine.errors import EngineUnavailable
from services.search.engine.indices import IN_SERVICE, Collection, Indices
from services.search.engine.port import After, Engine, Indexed, IndexEntry, Page, TransactionHit, WriteResult
from services.search.engine.postgres import PostgresEngine
from services.search.handlers import QUEUE, SUBSCRIPTIONS
from services.search.indexer import Indexer
from services.search.query.tree import Query, Word
from services.search.settings import Settings

BEGINNING = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


class Switch:
    """An engine that can be taken down."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.down = False

    def _up(self) -> Engine:
        if self.down:
            raise EngineUnavailable("taken down by the test")
        return self.engine

    def ensure(self) -> None:
        self._up().ensure()

    def ping(self) -> None:
        self._up().ping()

    @property
    def indices(self) -> Indices:
        return cast("Indices", _Switched(self))

    def write(self, entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
        return self._up().write(entries, targets)

    def search(
        self,
        publisher_id: str,
        query: Query,
        *,
        limit: int,
        after: After | None = None,
        order: Order | None = None,
        exact_total: bool = False,
    ) -> Page:
        return self._up().search(publisher_id, query, limit=limit, after=after, order=order, exact_total=exact_total)

    def find_transactions(self, publisher_id: str, word: Word, *, limit: int) -> list[TransactionHit]:
        return self._up().find_transactions(publisher_id, word, limit=limit)

    def versions(self, publisher_id: str, ids: Iterable[str], targets: Sequence[str] = (IN_SERVICE,)) -> dict[str, int]:
        return self._up().versions(publisher_id, ids, targets)

    def count(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> int:
        return self._up().count(publisher_id, of)

    def dump(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> Iterator[Indexed]:
        return self._up().dump(publisher_id, of)

    def maintain(self) -> None:
        self._up().maintain()

    def refresh(self) -> None:
        self._up().refresh()


class _Switched:
    """The engine's indices: each call asks whether it is up."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            return getattr(self._switch._up().indices, name)(*arguments, **options)

        return call


class System:
    """Projection, indexer and web app of one search service."""

    def __init__(self, urls: DatabaseUrls, engine: Engine | None = None) -> None:
        self.urls = urls
        self.app_database = Database(urls.app)
        self.system_database = Database(urls.system)
        self.engine = Switch(engine or PostgresEngine(self.system_database.engine))
        self.dispatcher = Dispatcher(QUEUE, SUBSCRIPTIONS)
        self.indexer = Indexer(self.system_database, self.engine, "test")
        self._callers: dict[str, Any] = {}
        self.app = create_app(
            Settings(database=urls),
            database=self.app_database,
            engine=self.engine,
            verifier=KnownCallers(self._callers),
        )
        self.client: FlaskClient = self.app.test_client()

    def close(self) -> None:
        """Give the connections back."""
        self.app_database.close()
        self.system_database.close()

    def reset(self) -> None:
        """Engine up, no fault installed, nothing waiting."""
        faults.install(None)
        self.engine.down = False
        with self.system_database.transaction() as session:
            session.execute(text("DELETE FROM search_dirty"))
            session.execute(text("DELETE FROM outbox"))

    def tell(self, *told: Event) -> None:
        """Have these events, all of one publisher, handled as one batch."""
        publisher_id = told[0].publisher_id
        with self.app_database.transaction(publisher_id) as session:
            self.dispatcher.dispatch(session, publisher_id, told)

    def index(self) -> int:
        """Index all that is due; how many."""
        total = 0
        while done := self.indexer.step():
            total += done
        self.engine.engine.refresh()
        return total

    def expire_leases(self) -> None:
        """Make everything due at once, as time would."""
        with self.system_database.transaction() as session:
            session.execute(text("UPDATE search_dirty SET due_at = now()"))

    def get(
        self, publisher_id: str, scopes: Iterable[str] = ("search:read", "personal:read"), **parameters: Any
    ) -> Any:
        """Search as a program of this publisher: the response."""
        headers = self.as_program(publisher_id, scopes)
        return self.client.get("/v1/search/customers", query_string=parameters, headers=headers)

    def post(self, publisher_id: str, **body: Any) -> Any:
        """The same by POST."""
        return self.client.post("/v1/search/customers/query", json=body, headers=self.as_program(publisher_id))

    def as_program(self, publisher_id: str, scopes: Iterable[str] = ("search:read", "personal:read")) -> dict[str, str]:
        """Headers of a program of this publisher."""
        token = f"{publisher_id}:{','.join(scopes)}"
        self._callers[token] = api_key(publisher_id, scopes)
        return {"Authorization": f"Bearer {token}"}

    def found(self, publisher_id: str, q: str, **parameters: Any) -> list[str]:
        """IDs of the customers that a search finds, best first."""
        response = self.get(publisher_id, q=q, **parameters)
        assert response.status_code == 200, response.get_json()
        return [item["id"] for item in response.get_json()["items"]]

    def confirmations(self) -> list[Event]:
        """The erasures that wait in the outbox to be told of."""
        with self.system_database.transaction() as session:
            return [Event.from_json(row) for row in session.scalars(text("SELECT payload FROM outbox ORDER BY seq"))]


def publisher() -> str:
    """A publisher that no other test knows."""
    return new_id("pub")


def state(customer_id: str, version: int = 1, **fields: Any) -> dict[str, Any]:
    """A customer's public state, with what isn't given left blank."""
    names = ("email", "first_name", "last_name", "company", "birthdate", "phone", "language", "currency", "country")
    blank: dict[str, Any] = dict.fromkeys((*names, "address", "last_login_at", "anonymized_at"))
    settled = {"external_ids": [], "attributes": {}, "status": "active", "registered_at": rfc3339(BEGINNING)}
    return {**blank, **settled, "id": customer_id, "version": version, **fields}


def told(publisher_id: str, customer_id: str, version: int = 1, kind: str = "edited", **fields: Any) -> Event:
    """An event of the customers service."""
    return Event(
        id=new_id("evt"),
        type=f"customers.customer.{kind}.v1",
        source="/customers",
        subject=customer_id,
        time=BEGINNING + timedelta(seconds=version),
        publisher_id=publisher_id,
        aggregate_version=version,
        datasubject=customer_id,
        data=state(customer_id, version, **fields),
    )


def account(publisher_id: str, customer_id: str, version: int = 1, **fields: Any) -> Event:
    """Billing's word of a customer's account."""
    data = {"customer_id": customer_id, "status": "open", "version": version, **fields}
    return _billing("account.changed", publisher_id, customer_id, customer_id, version, data)


def transaction(
    publisher_id: str, transaction_id: str, customer_id: str, version: int = 1, kind: str = "created", **fields: Any
) -> Event:
    """Billing's word of a transaction."""
    blank = {"external_order_id": None, "provider_reference": None, "status": "succeeded"}
    data = {**blank, "id": transaction_id, "customer_id": customer_id, "version": version, **fields}
    return _billing(f"transaction.{kind}", publisher_id, transaction_id, customer_id, version, data)


def _billing(kind: str, publisher_id: str, subject: str, customer_id: str, version: int, data: dict[str, Any]) -> Event:
    return Event(
        id=new_id("evt"),
        type=f"billing.{kind}.v1",
        source="/billing",
        subject=subject,
        time=BEGINNING + timedelta(seconds=version),
        publisher_id=publisher_id,
        aggregate_version=version,
        datasubject=customer_id,
        data=data,
    )


def anonymized(publisher_id: str, customer_id: str, version: int) -> Event:
    """Word that a customer was anonymized."""
    fields = {"status": "anonymized", "anonymized_at": rfc3339(BEGINNING)}
    return told(publisher_id, customer_id, version, kind="anonymized", **fields)

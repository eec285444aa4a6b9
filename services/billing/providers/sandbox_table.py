"""The sandbox's memory in a table of billing's database: it outlives every process.

Its transactions are its own, as if the provider were somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Select, Table, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.db.database import Database
from services.billing.providers.sandbox_store import Entry, Ledger

metadata = MetaData()


def _column(name: str, kind: Any, **options: Any) -> Column[Any]:
    """Nobody's data: a sandbox's tokens stand for no account, and keys and amounts name nobody."""
    return Column(name, kind, info={"personal": "none"}, **options)


sandbox_entry = Table(
    "sandbox_entry",
    metadata,
    _column("publisher_id", Text, primary_key=True),
    _column("key", Text, primary_key=True),
    _column("kind", Text),
    _column("subject", Text),
    _column("amount_minor", BigInteger),
    _column("currency", Text),
    _column("result", Text),
    _column("code", Text),
    _column("created_at", DateTime(timezone=True)),
)

_ENTRY = [sandbox_entry.c[name] for name in Entry.__dataclass_fields__]
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('sandbox ' || :publisher_id || ' ' || :name, 0))")


class _TableLedger:
    def __init__(self, session: Session, publisher_id: str) -> None:
        self.session = session
        self.publisher_id = publisher_id

    def get(self, key: str) -> Entry | None:
        found = self._read(self._mine().where(sandbox_entry.c.key == key))
        return found[0] if found else None

    def of(self, kind: str, subject: str) -> list[Entry]:
        return self._read(self._mine().where(sandbox_entry.c.kind == kind, sandbox_entry.c.subject == subject))

    def of_kind(self, kind: str) -> list[Entry]:
        return self._read(self._mine().where(sandbox_entry.c.kind == kind))

    def put(self, entry: Entry) -> None:
        values = {**asdict(entry), "publisher_id": self.publisher_id, "created_at": clock.now()}
        adding = insert(sandbox_entry).values(values)
        changed = {"result": adding.excluded.result, "code": adding.excluded.code}
        self.session.execute(adding.on_conflict_do_update(index_elements=["publisher_id", "key"], set_=changed))

    def _mine(self) -> Select[Any]:
        mine = select(*_ENTRY).where(sandbox_entry.c.publisher_id == self.publisher_id)
        return mine.order_by(sandbox_entry.c.created_at, sandbox_entry.c.key)

    def _read(self, query: Select[Any]) -> list[Entry]:
        return [Entry(**row) for row in self.session.execute(query).mappings()]


class TableStore:
    """A store in billing's database, used as the role ``app``."""

    def __init__(self, database: Database, publisher_id: str) -> None:
        self._database = database
        self._publisher_id = publisher_id

    @contextmanager
    def lock(self, name: str) -> Iterator[Ledger]:
        with self._database.transaction(self._publisher_id) as session:
            session.execute(_LOCK, {"publisher_id": self._publisher_id, "name": name})
            yield _TableLedger(session, self._publisher_id)

    def entries(self, kind: str) -> list[Entry]:
        with self._database.transaction(self._publisher_id) as session:
            ledger = _TableLedger(session, self._publisher_id)
            return ledger.of_kind(kind)

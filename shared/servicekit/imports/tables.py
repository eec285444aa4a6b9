"""Tables of a service's imports: it declares them on its own base, under its own names.

Content, keys and rejected rows are there for a time only; see ``tools/generate/places.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import BigInteger, Boolean, FromClause, LargeBinary, Text, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, kept_column, personal_column, plain_column
from servicekit.db.roles import isolate

OPEN = ("receiving", "waiting", "running")
"""An import that isn't one of these has ended: ``finished``, ``failed`` or ``canceled``."""

_WHO = "the name of the staff member or API key, as it was then: the record of who did what"


class _Declared:
    """What a declarative base adds to a class."""

    if TYPE_CHECKING:
        __table__: ClassVar[FromClause]

        def __init__(self, **values: Any) -> None: ...


class ImportJob(_Declared):
    """One import: what the caller asked for, what the file is like, how far it is, and who works on it.

    ``received_bytes`` and ``received_rows`` count what is stored, up to the end of a record; ``worked_chunks`` is the
    position, which moves in the transaction of what it counts. ``fence`` grows with each claim. ``awaits`` tells
    ``what`` the next batch can't be worked on without, and whatever else its kind wants to know of its waiting.
    """

    id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    kind: Mapped[str] = plain_column(Text)
    name: Mapped[str] = plain_column(Text)
    digest: Mapped[str | None] = plain_column(Text)
    request_key: Mapped[str | None] = plain_column(Text)
    request_fingerprint: Mapped[str | None] = plain_column(Text)
    dry_run: Mapped[bool] = plain_column(Boolean)
    dialect: Mapped[dict[str, Any]] = plain_column(JSONB)
    layout: Mapped[dict[str, Any]] = plain_column(JSONB)
    status: Mapped[str] = plain_column(Text)
    problem: Mapped[dict[str, str] | None] = plain_column(JSONB(none_as_null=True))
    awaits: Mapped[dict[str, str] | None] = plain_column(JSONB(none_as_null=True))
    received_bytes: Mapped[int] = plain_column(BigInteger)
    received_records: Mapped[int] = plain_column(BigInteger)
    received_rows: Mapped[int] = plain_column(BigInteger)
    received_chunks: Mapped[int] = plain_column(BigInteger)
    worked_chunks: Mapped[int] = plain_column(BigInteger)
    created_rows: Mapped[int] = plain_column(BigInteger)
    updated_rows: Mapped[int] = plain_column(BigInteger)
    unchanged_rows: Mapped[int] = plain_column(BigInteger)
    rejected_rows: Mapped[int] = plain_column(BigInteger)
    editor_id: Mapped[str] = plain_column(Text)
    editor_name: Mapped[str] = kept_column(Text, reason=_WHO)
    editor_kind: Mapped[str] = plain_column(Text)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    received_at: Mapped[datetime] = plain_column(MOMENT)
    started_at: Mapped[datetime | None] = plain_column(MOMENT)
    ended_at: Mapped[datetime | None] = plain_column(MOMENT)
    lease_owner: Mapped[str | None] = plain_column(Text)
    lease_until: Mapped[datetime] = plain_column(MOMENT)
    fence: Mapped[int] = plain_column(BigInteger)


class ImportChunk(_Declared):
    """Some rows of a file that waits: gone with the transaction in which they are worked on."""

    import_id: Mapped[str] = plain_column(Text, primary_key=True)
    number: Mapped[int] = plain_column(BigInteger, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    rows: Mapped[int] = plain_column(BigInteger)
    content: Mapped[bytes] = personal_column(LargeBinary)


class ImportIdentity(_Declared):
    """By what a row of this import is known, as a hash; row 0: its person was erased."""

    import_id: Mapped[str] = plain_column(Text, primary_key=True)
    identity: Mapped[bytes] = personal_column(LargeBinary, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    row_number: Mapped[int] = plain_column(BigInteger)


class ImportReject(_Declared):
    """A row that was not taken: as it was, and why. ``content`` is null where the row may not be kept."""

    import_id: Mapped[str] = plain_column(Text, primary_key=True)
    row_number: Mapped[int] = plain_column(BigInteger, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    content: Mapped[Any | None] = personal_column(JSONB(none_as_null=True))
    faults: Mapped[list[dict[str, str]]] = personal_column(JSONB)


@dataclass(frozen=True, slots=True)
class ImportTables:
    """A service's own classes of the four above."""

    jobs: type[ImportJob]
    chunks: type[ImportChunk]
    identities: type[ImportIdentity]
    rejects: type[ImportReject]

    def sql(self, template: str) -> TextClause:
        """A statement whose ``{jobs}``, ``{chunks}``, ``{identities}`` and ``{rejects}`` are these tables."""
        return _statement(self, template)


@cache
def _statement(tables: ImportTables, template: str) -> TextClause:
    kinds = ("jobs", "chunks", "identities", "rejects")
    return text(template.format(**{kind: getattr(tables, kind).__tablename__ for kind in kinds}))


def import_tables_v1(database: str, prefix: str) -> list[str]:
    """Statements that create ``<prefix>``, ``<prefix>_chunk``, ``<prefix>_identity`` and ``<prefix>_reject``."""
    return [
        f"""CREATE TABLE {prefix} (
            id text PRIMARY KEY, publisher_id text NOT NULL, kind text NOT NULL, name text NOT NULL, digest text,
            request_key text, request_fingerprint text, dry_run boolean NOT NULL, dialect jsonb NOT NULL,
            layout jsonb NOT NULL, status text NOT NULL, problem jsonb, awaits jsonb, received_bytes bigint NOT NULL,
            received_records bigint NOT NULL, received_rows bigint NOT NULL, received_chunks bigint NOT NULL,
            worked_chunks bigint NOT NULL, created_rows bigint NOT NULL, updated_rows bigint NOT NULL,
            unchanged_rows bigint NOT NULL, rejected_rows bigint NOT NULL, editor_id text NOT NULL,
            editor_name text NOT NULL, editor_kind text NOT NULL, created_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL, started_at timestamptz, ended_at timestamptz, lease_owner text,
            lease_until timestamptz NOT NULL, fence bigint NOT NULL)""",
        f"CREATE INDEX {prefix}_by_publisher ON {prefix} (publisher_id, id)",
        f"CREATE INDEX {prefix}_by_name ON {prefix} (publisher_id, name, id)",
        f"""CREATE UNIQUE INDEX {prefix}_by_request ON {prefix} (publisher_id, request_key)
            WHERE request_key IS NOT NULL""",
        f"""CREATE INDEX {prefix}_open ON {prefix} (publisher_id, received_at, id)
            WHERE status IN ('receiving', 'waiting', 'running')""",
        f"""CREATE TABLE {prefix}_chunk (
            import_id text NOT NULL REFERENCES {prefix} (id), number bigint NOT NULL, publisher_id text NOT NULL,
            rows bigint NOT NULL, content bytea NOT NULL, PRIMARY KEY (import_id, number))""",
        f"ALTER TABLE {prefix}_chunk ALTER COLUMN content SET STORAGE EXTERNAL",
        f"""CREATE TABLE {prefix}_identity (
            import_id text NOT NULL, identity bytea NOT NULL, publisher_id text NOT NULL, row_number bigint NOT NULL,
            PRIMARY KEY (import_id, identity))""",
        f"""CREATE TABLE {prefix}_reject (
            import_id text NOT NULL REFERENCES {prefix} (id), row_number bigint NOT NULL, publisher_id text NOT NULL,
            content jsonb, faults jsonb NOT NULL, PRIMARY KEY (import_id, row_number))""",
        f"CREATE INDEX {prefix}_reject_by_publisher ON {prefix}_reject (publisher_id)",
        *isolate(database, prefix, app="SELECT, INSERT, UPDATE", system="SELECT, UPDATE"),
        *isolate(database, f"{prefix}_chunk", app="SELECT, INSERT, DELETE", system="SELECT, DELETE"),
        *isolate(database, f"{prefix}_identity", app="SELECT, INSERT, UPDATE", system="SELECT, DELETE"),
        *isolate(database, f"{prefix}_reject", app="SELECT, INSERT, UPDATE", system="SELECT, DELETE"),
    ]

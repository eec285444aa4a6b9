"""Tables of imports. Content, keys and rejected rows are there for a time only; see ``tools/generate/places.py``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.customers.models import Base, staffs_column

OPEN = ("receiving", "waiting", "running")
"""An import that isn't one of these has ended: ``finished``, ``failed`` or ``canceled``."""


class Import(Base):
    """One import: what the caller asked for, what the file is like, how far it is, and who works on it.

    ``received_bytes`` and ``received_rows`` count what is stored, up to the end of a record; ``worked_chunks`` is the
    position, which moves in the transaction of what it counts. ``fence`` grows with each claim.
    """

    __tablename__ = "customer_import"

    id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    name: Mapped[str] = plain_column(Text)
    digest: Mapped[str | None] = plain_column(Text)
    request_key: Mapped[str | None] = plain_column(Text)
    request_fingerprint: Mapped[str | None] = plain_column(Text)
    dry_run: Mapped[bool] = plain_column(Boolean)
    dialect: Mapped[dict[str, Any]] = plain_column(JSONB)
    layout: Mapped[dict[str, Any]] = plain_column(JSONB)
    status: Mapped[str] = plain_column(Text)
    problem: Mapped[dict[str, str] | None] = plain_column(JSONB(none_as_null=True))
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
    editor_name: Mapped[str] = staffs_column(Text)
    editor_kind: Mapped[str] = plain_column(Text)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    received_at: Mapped[datetime] = plain_column(MOMENT)
    started_at: Mapped[datetime | None] = plain_column(MOMENT)
    ended_at: Mapped[datetime | None] = plain_column(MOMENT)
    lease_owner: Mapped[str | None] = plain_column(Text)
    lease_until: Mapped[datetime] = plain_column(MOMENT)
    fence: Mapped[int] = plain_column(BigInteger)


class Chunk(Base):
    """Some rows of a file that waits: gone with the transaction in which they become customers."""

    __tablename__ = "customer_import_chunk"

    import_id: Mapped[str] = plain_column(Text, primary_key=True)
    number: Mapped[int] = plain_column(BigInteger, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    rows: Mapped[int] = plain_column(BigInteger)
    content: Mapped[bytes] = personal_column(LargeBinary)


class SeenIdentity(Base):
    """An email address or external ID that a row of this import has had, as a hash; row 0: its person was erased."""

    __tablename__ = "customer_import_identity"

    import_id: Mapped[str] = plain_column(Text, primary_key=True)
    identity: Mapped[bytes] = personal_column(LargeBinary, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    row_number: Mapped[int] = plain_column(BigInteger)


class RejectedRow(Base):
    """A row that was not taken: as it was, and why. ``content`` is null where the row may not be kept."""

    __tablename__ = "customer_import_reject"

    import_id: Mapped[str] = plain_column(Text, primary_key=True)
    row_number: Mapped[int] = plain_column(BigInteger, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    content: Mapped[Any | None] = personal_column(JSONB(none_as_null=True))
    faults: Mapped[list[dict[str, str]]] = personal_column(JSONB)


class ImportedRow(Base):
    """Which customer a row without an external ID became: known again by the import's name and the row's number.

    ``email_hash`` is of the address that the row had: a row that says something else is not the same.
    """

    __tablename__ = "customer_import_row"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    name: Mapped[str] = plain_column(Text, primary_key=True)
    row_number: Mapped[int] = plain_column(BigInteger, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text)
    email_hash: Mapped[bytes] = personal_column(LargeBinary)

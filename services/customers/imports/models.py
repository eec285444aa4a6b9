"""Tables of imports: the kit's, under this service's names, and which row became which customer."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import personal_column, plain_column
from servicekit.imports.tables import ImportChunk, ImportIdentity, ImportJob, ImportReject, ImportTables
from services.customers.models import Base


class Import(ImportJob, Base):
    """One import."""

    __tablename__ = "customer_import"


class Chunk(ImportChunk, Base):
    """Some rows of a file that waits."""

    __tablename__ = "customer_import_chunk"


class SeenIdentity(ImportIdentity, Base):
    """An email address or external ID that a row of this import has had, as a hash."""

    __tablename__ = "customer_import_identity"


class RejectedRow(ImportReject, Base):
    """A row that was not taken: as it was, and why."""

    __tablename__ = "customer_import_reject"


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


TABLES = ImportTables(jobs=Import, chunks=Chunk, identities=SeenIdentity, rejects=RejectedRow)

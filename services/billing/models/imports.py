"""Tables of imports: the kit's, under this service's names, and what rows without an ID of their own became."""

from __future__ import annotations

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import plain_column
from servicekit.imports.tables import ImportChunk, ImportIdentity, ImportJob, ImportReject, ImportTables
from services.billing.models.base import Base


class BillingImport(ImportJob, Base):
    """One import."""

    __tablename__ = "billing_import"


class BillingImportChunk(ImportChunk, Base):
    """Some rows of a file that waits."""

    __tablename__ = "billing_import_chunk"


class BillingImportIdentity(ImportIdentity, Base):
    """Who must not be brought back, and in a dry run which orders there were; as hashes."""

    __tablename__ = "billing_import_identity"


class BillingImportReject(ImportReject, Base):
    """A row that was not taken: as it was, and why."""

    __tablename__ = "billing_import_reject"


class ImportedThing(Base):
    """What a row without an ID of its own became: known again by the import's kind and name and the row's number."""

    __tablename__ = "billing_import_row"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    kind: Mapped[str] = plain_column(Text, primary_key=True)
    name: Mapped[str] = plain_column(Text, primary_key=True)
    row_number: Mapped[int] = plain_column(BigInteger, primary_key=True)
    thing_id: Mapped[str] = plain_column(Text)


TABLES = ImportTables(
    jobs=BillingImport,
    chunks=BillingImportChunk,
    identities=BillingImportIdentity,
    rejects=BillingImportReject,
)

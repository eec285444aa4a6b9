"""Tables of imports: the kit's, under this service's names, and which row became which note."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import personal_column, plain_column
from servicekit.imports.tables import ImportChunk, ImportIdentity, ImportJob, ImportReject, ImportTables
from services.notes.models import Base


class NoteImport(ImportJob, Base):
    """One import."""

    __tablename__ = "note_import"


class NoteImportChunk(ImportChunk, Base):
    """Some rows of a file that waits."""

    __tablename__ = "note_import_chunk"


class NoteImportIdentity(ImportIdentity, Base):
    """Who must not be brought back, and in a dry run which external IDs there were; as hashes."""

    __tablename__ = "note_import_identity"


class NoteImportReject(ImportReject, Base):
    """A row that was not taken: as it was, and why."""

    __tablename__ = "note_import_reject"


class ImportedNote(Base):
    """Which row a note was made of: known again by its external ID, else by the import's name and the row's number.

    ``digest`` is of what the row said, so that one that says something else is told; null once the note was deleted.
    """

    __tablename__ = "note_import_row"

    note_id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    external_id: Mapped[str | None] = personal_column(Text)
    name: Mapped[str] = plain_column(Text)
    row_number: Mapped[int] = plain_column(BigInteger)
    digest: Mapped[bytes | None] = personal_column(LargeBinary)


TABLES = ImportTables(jobs=NoteImport, chunks=NoteImportChunk, identities=NoteImportIdentity, rejects=NoteImportReject)

"""Imports: jobs, the rows that wait, what was rejected, which row became which note; and notes that came so."""

from alembic import op

from servicekit.db.roles import isolate
from servicekit.imports.tables import import_tables_v1

revision = "0002"
down_revision = "0001"

ROWS = """
CREATE TABLE note_import_row (
    note_id text PRIMARY KEY REFERENCES note (id), publisher_id text NOT NULL, external_id text, name text NOT NULL,
    row_number bigint NOT NULL, digest bytea)
"""
BY_ID = """
CREATE UNIQUE INDEX note_import_row_by_id ON note_import_row (publisher_id, external_id)
    WHERE external_id IS NOT NULL
"""
BY_NUMBER = """
CREATE UNIQUE INDEX note_import_row_by_number ON note_import_row (publisher_id, name, row_number)
    WHERE external_id IS NULL
"""


def upgrade() -> None:
    """Create them."""
    database = op.get_bind().engine.url.database
    statements = ["ALTER TABLE note ADD COLUMN imported_at timestamptz"]
    statements += [*import_tables_v1(database, "note_import"), ROWS, BY_ID, BY_NUMBER]
    for statement in [
        *statements,
        *isolate(database, "note_import_row", app="SELECT, INSERT, UPDATE, DELETE"),
    ]:
        op.execute(statement)

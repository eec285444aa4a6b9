"""Imports: jobs, the rows that wait, what was rejected, and what rows without an ID became."""

from alembic import op

from servicekit.db.roles import isolate
from servicekit.imports.tables import import_tables_v1

revision = "0008"
down_revision = "0007"

ROWS = """
CREATE TABLE billing_import_row (
    publisher_id text NOT NULL, kind text NOT NULL, name text NOT NULL, row_number bigint NOT NULL,
    thing_id text NOT NULL, PRIMARY KEY (publisher_id, kind, name, row_number))
"""


def upgrade() -> None:
    """Create them."""
    database = op.get_bind().engine.url.database
    statements = [*import_tables_v1(database, "billing_import"), ROWS]
    for statement in [*statements, *isolate(database, "billing_import_row", app="SELECT, INSERT")]:
        op.execute(statement)

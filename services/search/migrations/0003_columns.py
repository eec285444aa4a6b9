"""What the PostgreSQL index sorts by, and every customer indexed anew: they are found by more than before."""

from alembic import op

from services.search.engine import postgres_tables

revision = "0003"
down_revision = "0002"

MARK_ALL = """
INSERT INTO search_dirty (publisher_id, customer_id, doc_version, marked_at, due_at)
SELECT publisher_id, customer_id, doc_version, clock_timestamp(), clock_timestamp() FROM search_customer
ORDER BY publisher_id, customer_id
ON CONFLICT (publisher_id, customer_id) DO NOTHING
"""


def upgrade() -> None:
    """Add the keys; the indexer fills them in."""
    op.execute("ALTER TABLE search_document ADD COLUMN IF NOT EXISTS keys text[] COLLATE \"C\" NOT NULL DEFAULT '{}'")
    for statement in postgres_tables.ddl():
        op.execute(statement)
    op.execute(MARK_ALL)

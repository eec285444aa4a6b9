"""Transactions, by whose IDs customers are found, too."""

from alembic import op

from servicekit.db.roles import share
from services.search.engine import postgres_tables

revision = "0008"
down_revision = "0007"

TABLES = """
CREATE TABLE search_transaction (
    publisher_id text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    transaction jsonb,
    identifiers text[] COLLATE "C" NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 0,
    deleted boolean NOT NULL DEFAULT false,
    doc_version bigint NOT NULL,
    PRIMARY KEY (publisher_id, transaction_id)
);
CREATE INDEX search_transaction_by_customer ON search_transaction (publisher_id, customer_id, transaction_id);
CREATE INDEX search_transaction_by_identifier ON search_transaction USING gin (identifiers)
"""


def upgrade() -> None:
    """Create their tables, and those of the PostgreSQL index; transactions come in by events and by ``bootstrap``."""
    database = op.get_bind().engine.url.database
    everything = "SELECT, INSERT, UPDATE, DELETE"
    statements = TABLES.split(";\n") + postgres_tables.ddl()
    statements += share(database, "search_transaction", app="SELECT, INSERT, UPDATE", system="SELECT, UPDATE")
    for table in ("search_transaction_document", "search_transaction_token"):
        statements += share(database, table, app=everything, system=everything)
    for statement in statements:
        op.execute(statement)

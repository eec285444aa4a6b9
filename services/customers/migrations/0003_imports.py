"""Imports: jobs, the rows that wait, what was rejected, and which row became which customer."""

from alembic import op

from servicekit.db.roles import isolate

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE customer_import (
    id text PRIMARY KEY,
    publisher_id text NOT NULL,
    name text NOT NULL,
    digest text,
    request_key text,
    request_fingerprint text,
    dry_run boolean NOT NULL,
    dialect jsonb NOT NULL,
    layout jsonb NOT NULL,
    status text NOT NULL,
    problem jsonb,
    received_bytes bigint NOT NULL,
    received_records bigint NOT NULL,
    received_rows bigint NOT NULL,
    received_chunks bigint NOT NULL,
    worked_chunks bigint NOT NULL,
    created_rows bigint NOT NULL,
    updated_rows bigint NOT NULL,
    unchanged_rows bigint NOT NULL,
    rejected_rows bigint NOT NULL,
    editor_id text NOT NULL,
    editor_name text NOT NULL,
    editor_kind text NOT NULL,
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    lease_owner text,
    lease_until timestamptz NOT NULL,
    fence bigint NOT NULL
);
CREATE INDEX customer_import_by_publisher ON customer_import (publisher_id, id);
CREATE INDEX customer_import_by_name ON customer_import (publisher_id, name, id);
CREATE UNIQUE INDEX customer_import_by_request ON customer_import (publisher_id, request_key)
    WHERE request_key IS NOT NULL;
CREATE INDEX customer_import_open ON customer_import (publisher_id, received_at, id)
    WHERE status IN ('receiving', 'waiting', 'running');
CREATE TABLE customer_import_chunk (
    import_id text NOT NULL REFERENCES customer_import (id),
    number bigint NOT NULL,
    publisher_id text NOT NULL,
    rows bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (import_id, number)
);
ALTER TABLE customer_import_chunk ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TABLE customer_import_identity (
    import_id text NOT NULL,
    identity bytea NOT NULL,
    publisher_id text NOT NULL,
    row_number bigint NOT NULL,
    PRIMARY KEY (import_id, identity)
);
CREATE TABLE customer_import_reject (
    import_id text NOT NULL REFERENCES customer_import (id),
    row_number bigint NOT NULL,
    publisher_id text NOT NULL,
    content jsonb,
    faults jsonb NOT NULL,
    PRIMARY KEY (import_id, row_number)
);
CREATE INDEX customer_import_reject_by_publisher ON customer_import_reject (publisher_id);
CREATE TABLE customer_import_row (
    publisher_id text NOT NULL,
    name text NOT NULL,
    row_number bigint NOT NULL,
    customer_id text NOT NULL REFERENCES customer (id),
    email_hash bytea NOT NULL,
    PRIMARY KEY (publisher_id, name, row_number)
);
CREATE INDEX customer_import_row_by_customer ON customer_import_row (customer_id)
"""


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += isolate(database, "customer_import", app="SELECT, INSERT, UPDATE", system="SELECT, UPDATE")
    statements += isolate(database, "customer_import_chunk", app="SELECT, INSERT, DELETE", system="SELECT, DELETE")
    statements += isolate(database, "customer_import_identity", app="SELECT, INSERT, UPDATE", system="SELECT, DELETE")
    statements += isolate(database, "customer_import_reject", app="SELECT, INSERT, UPDATE", system="SELECT, DELETE")
    statements += isolate(database, "customer_import_row", app="SELECT, INSERT, UPDATE, DELETE")
    for statement in statements:
        op.execute(statement)

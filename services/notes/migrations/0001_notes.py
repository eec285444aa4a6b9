"""Notes, flags, and what is known of customers."""

from alembic import op

from servicekit.db import ddl
from servicekit.db.roles import isolate

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE customer (
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    version bigint NOT NULL,
    email_key text,
    erased_at timestamptz,
    notes_count integer NOT NULL DEFAULT 0,
    flags text[] NOT NULL DEFAULT '{}',
    note_flags jsonb NOT NULL DEFAULT '{}',
    last_note_at timestamptz,
    summary_version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (publisher_id, customer_id)
);
CREATE UNIQUE INDEX customer_by_id ON customer (customer_id);
CREATE INDEX customer_by_email ON customer (publisher_id, email_key) WHERE email_key IS NOT NULL;
CREATE TABLE external_id (
    publisher_id text NOT NULL,
    external_id text NOT NULL,
    source text NOT NULL,
    customer_id text NOT NULL,
    PRIMARY KEY (publisher_id, external_id, source, customer_id),
    FOREIGN KEY (publisher_id, customer_id) REFERENCES customer
);
CREATE INDEX external_id_by_customer ON external_id (publisher_id, customer_id);
CREATE TABLE note (
    id text PRIMARY KEY,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    text text,
    flags text[] NOT NULL,
    author_id text NOT NULL,
    author_name text NOT NULL,
    author_kind text NOT NULL,
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    editor_id text,
    editor_name text,
    editor_kind text,
    deleted_at timestamptz,
    erased_at timestamptz,
    version bigint NOT NULL,
    FOREIGN KEY (publisher_id, customer_id) REFERENCES customer,
    CHECK (char_length(text) <= 2500)
);
CREATE INDEX note_by_customer ON note (publisher_id, customer_id, created_at, id) WHERE deleted_at IS NULL;
CREATE TABLE flag (
    publisher_id text NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    color text NOT NULL,
    own boolean NOT NULL,
    retired boolean NOT NULL,
    used boolean NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (publisher_id, key)
)
"""


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += ddl.outbox_v1(database) + ddl.outbox_v2(database)
    statements += ddl.consumer_v1(database) + ddl.idempotency_v1(database) + ddl.audit_v1(database)
    statements += isolate(database, "customer", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "external_id", app="SELECT, INSERT, DELETE")
    statements += isolate(database, "note", app="SELECT, INSERT, UPDATE")
    statements += isolate(database, "flag", app="SELECT, INSERT, UPDATE, DELETE")
    for statement in statements:
        op.execute(statement)

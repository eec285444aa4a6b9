"""Customers, their external IDs, logins, change history and the ledger of anonymizations."""

from alembic import op

from servicekit.db import ddl
from servicekit.db.roles import isolate

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE customer (
    id text PRIMARY KEY,
    publisher_id text NOT NULL,
    email text,
    email_key text,
    first_name text,
    last_name text,
    company text,
    birthdate date,
    phone text,
    language text,
    currency text,
    country text,
    address jsonb,
    external_ids jsonb NOT NULL,
    attributes jsonb NOT NULL,
    status text NOT NULL,
    registered_at timestamptz NOT NULL,
    last_login_at timestamptz,
    anonymized_at timestamptz,
    revision bigint NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX customer_by_email ON customer (publisher_id, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX customer_by_publisher ON customer (publisher_id, id);
CREATE TABLE external_id (
    publisher_id text NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    customer_id text NOT NULL REFERENCES customer (id),
    PRIMARY KEY (publisher_id, source, external_id)
);
CREATE INDEX external_id_by_value ON external_id (publisher_id, external_id);
CREATE INDEX external_id_by_customer ON external_id (customer_id);
CREATE TABLE customer_change (
    id text PRIMARY KEY,
    publisher_id text NOT NULL,
    customer_id text NOT NULL REFERENCES customer (id),
    revision bigint NOT NULL,
    at timestamptz NOT NULL,
    editor_id text NOT NULL,
    editor_name text NOT NULL,
    editor_kind text NOT NULL,
    action text NOT NULL,
    fields jsonb NOT NULL
);
CREATE INDEX customer_change_by_customer ON customer_change (customer_id, id);
CREATE TABLE login (
    customer_id text NOT NULL REFERENCES customer (id),
    at timestamptz NOT NULL,
    id text NOT NULL,
    publisher_id text NOT NULL,
    PRIMARY KEY (customer_id, at)
);
CREATE TABLE erasure (
    customer_id text PRIMARY KEY REFERENCES customer (id),
    publisher_id text NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    participants text[] NOT NULL,
    completed_at timestamptz
);
CREATE TABLE erasure_confirmation (
    customer_id text NOT NULL REFERENCES erasure (customer_id),
    service text NOT NULL,
    publisher_id text NOT NULL,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, service)
)
"""


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += ddl.outbox_v1(database) + ddl.consumer_v1(database) + ddl.idempotency_v1(database)
    statements += isolate(database, "customer", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "external_id", app="SELECT, INSERT, DELETE")
    statements += isolate(database, "customer_change", app="SELECT, INSERT, UPDATE")
    statements += isolate(database, "login", app="SELECT, INSERT")
    statements += isolate(database, "erasure", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "erasure_confirmation", app="SELECT, INSERT", system="SELECT")
    for statement in statements:
        op.execute(statement)

"""The projection, what the index lacks of it, and the tables of the engine ``postgres``."""

from alembic import op

from servicekit.db import ddl
from servicekit.db.roles import role_name, share
from services.search.engine import postgres_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE SEQUENCE doc_version AS bigint CACHE 1;
CREATE TABLE search_customer (
    publisher_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    customer jsonb,
    customer_version bigint NOT NULL DEFAULT 0,
    deleted boolean NOT NULL DEFAULT false,
    erased_at timestamptz,
    erasure_confirmed_at timestamptz,
    doc_version bigint NOT NULL,
    PRIMARY KEY (publisher_id, customer_id)
);
CREATE TABLE identifier (
    publisher_id text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (publisher_id, value, customer_id)
);
CREATE INDEX identifier_by_customer ON identifier (publisher_id, customer_id);
CREATE TABLE search_dirty (
    publisher_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    doc_version bigint NOT NULL,
    marked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    refusal text,
    PRIMARY KEY (publisher_id, customer_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX search_dirty_by_due ON search_dirty (due_at);
CREATE INDEX search_dirty_refused ON search_dirty (publisher_id, customer_id) WHERE refusal IS NOT NULL;
CREATE TABLE index_target (id smallint PRIMARY KEY CHECK (id = 1), names text[] NOT NULL);
INSERT INTO index_target VALUES (1, '{customers}')
"""


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database
    everything = "SELECT, INSERT, UPDATE, DELETE"
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += ddl.outbox_v1(database) + ddl.consumer_v1(database)
    statements += postgres_tables.ddl()
    statements += share(database, "search_customer", app="SELECT, INSERT, UPDATE", system="SELECT, UPDATE")
    statements += share(database, "identifier", app=everything)
    statements += share(database, "search_dirty", app=everything, system=everything)
    statements += share(database, "index_target", app="SELECT", system="SELECT, UPDATE")
    for table in postgres_tables.metadata.sorted_tables:
        statements += share(database, table.name, app=everything, system=everything)
    statements += [f"GRANT USAGE ON SEQUENCE doc_version TO {role_name(database, part)}" for part in ("app", "system")]
    for statement in statements:
        op.execute(statement)

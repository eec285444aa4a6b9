"""Publishers, staff, API keys, sessions and signing keys."""

from alembic import op

from servicekit.db import ddl
from servicekit.db.roles import isolate, share

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE publisher (
    publisher_id text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE staff (
    id text PRIMARY KEY,
    publisher_id text NOT NULL REFERENCES publisher (publisher_id),
    email text NOT NULL,
    email_key text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE INDEX staff_by_publisher ON staff (publisher_id, id);
CREATE TABLE api_key (
    id text PRIMARY KEY,
    publisher_id text NOT NULL REFERENCES publisher (publisher_id),
    name text NOT NULL,
    secret_hash text NOT NULL UNIQUE,
    hint text NOT NULL,
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX api_key_by_publisher ON api_key (publisher_id, id);
CREATE TABLE staff_session (
    secret_hash text PRIMARY KEY,
    publisher_id text NOT NULL,
    staff_id text NOT NULL REFERENCES staff (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX staff_session_by_staff ON staff_session (staff_id);
CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    private_sealed text NOT NULL,
    created_at timestamptz NOT NULL,
    active_from timestamptz NOT NULL
);
CREATE TABLE sign_in_attempt (
    bucket text PRIMARY KEY,
    attempts integer NOT NULL,
    began_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempt_by_age ON sign_in_attempt (began_at)
"""


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database or ""
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += ddl.idempotency_v1(database)
    # The system role finds out whose a credential is; whatever is written, is written as the publisher.
    statements += isolate(database, "publisher", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "staff", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "api_key", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "staff_session", app="SELECT, INSERT, DELETE", system="SELECT")
    statements += share(database, "signing_key", system="SELECT, INSERT, DELETE")
    statements += share(database, "sign_in_attempt", system="SELECT, INSERT, UPDATE, DELETE")
    for statement in statements:
        op.execute(statement)

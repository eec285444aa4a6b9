"""What the sandbox, the built-in payment provider, remembers."""

from alembic import op

from servicekit.db.roles import isolate

revision = "0002"
down_revision = "0001"

TABLE = """
CREATE TABLE sandbox_entry (
    publisher_id text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    amount_minor bigint,
    currency text,
    result text NOT NULL,
    code text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (publisher_id, key)
)
"""
SUBJECT = "CREATE INDEX sandbox_entry_by_subject ON sandbox_entry (publisher_id, kind, subject)"


def upgrade() -> None:
    """Create it."""
    rights = isolate(op.get_bind().engine.url.database, "sandbox_entry")
    for statement in (TABLE, SUBJECT, *rights):
        op.execute(statement)

"""Keep the events that wait for a queue out of the way of the others."""

from alembic import op

from servicekit.db import ddl

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what they are found by."""
    for statement in ddl.outbox_v2(op.get_bind().engine.url.database):
        op.execute(statement)

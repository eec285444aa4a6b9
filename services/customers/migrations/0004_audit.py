"""The audit log."""

from alembic import op

from servicekit.db import ddl

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create it."""
    for statement in ddl.audit_v1(op.get_bind().engine.url.database):
        op.execute(statement)

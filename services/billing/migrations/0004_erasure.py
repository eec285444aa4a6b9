"""When it was confirmed that nothing personal of an erased customer is left."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add it."""
    op.execute("ALTER TABLE known_customer ADD COLUMN confirmed_at timestamptz")

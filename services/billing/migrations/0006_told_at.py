"""When a store last told of a subscription, so that what it told before doesn't count any more."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE subscription ADD COLUMN told_at timestamptz")

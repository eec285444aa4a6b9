"""What kind of file an import is of, and what it waits for. Those there are of customers."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add both columns; whoever doesn't know them yet imports customers."""
    op.execute("ALTER TABLE customer_import ADD COLUMN kind text NOT NULL DEFAULT 'customers', ADD COLUMN awaits jsonb")

"""A credit note can be taken back by an invoice: the refund came to nothing after all."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Let a refund have one of each kind."""
    op.execute("DROP INDEX invoice_once")
    op.execute("CREATE UNIQUE INDEX invoice_once ON invoice (transaction_id, coalesce(refund_id, ''), kind)")

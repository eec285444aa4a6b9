"""What was looked for by reading all payments of a subscription, or all receipts, is found by an index."""

from alembic import op

revision = "0010"
down_revision = "0009"

INDEXES = (
    "CREATE INDEX transaction_pending ON transaction (subscription_id, id) WHERE status = 'pending'",
    "CREATE INDEX transaction_by_period ON transaction (subscription_id, period_number, id)",
    "CREATE INDEX transaction_refunding ON transaction (subscription_id) WHERE refunding_minor > 0",
    "CREATE INDEX webhook_receipt_by_time ON webhook_receipt (received_at)",
    "CREATE INDEX operation_differing ON operation (publisher_id, id) WHERE last_problem LIKE 'amount_differs:%'",
)


def upgrade() -> None:
    """Create the indexes."""
    for statement in INDEXES:
        op.execute(statement)

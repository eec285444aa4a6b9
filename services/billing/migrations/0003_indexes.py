"""How things are found, and what there can be only one of."""

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = """
CREATE UNIQUE INDEX offer_by_external_id ON offer (publisher_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX offer_by_publisher ON offer (publisher_id, id);
CREATE INDEX account_by_publisher ON account (publisher_id, customer_id);
CREATE INDEX payment_method_by_customer ON payment_method (publisher_id, customer_id, id);
CREATE UNIQUE INDEX payment_method_default ON payment_method (customer_id) WHERE is_default;
CREATE INDEX payment_method_by_reference ON payment_method (publisher_id, provider, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE INDEX subscription_by_customer ON subscription (publisher_id, customer_id, id);
CREATE INDEX subscription_by_payment_method ON subscription (payment_method_id) WHERE payment_method_id IS NOT NULL;
CREATE UNIQUE INDEX subscription_by_external_id ON subscription (publisher_id, channel, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX subscription_due ON subscription (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX transaction_by_customer ON transaction (publisher_id, customer_id, created_at, id);
CREATE INDEX transaction_by_status ON transaction (publisher_id, customer_id, status, created_at, id);
CREATE INDEX transaction_by_amount ON transaction (publisher_id, customer_id, amount_minor, id);
CREATE INDEX transaction_by_subscription ON transaction (subscription_id, id) WHERE subscription_id IS NOT NULL;
CREATE UNIQUE INDEX transaction_by_order ON transaction (publisher_id, channel, external_order_key)
    WHERE external_order_key IS NOT NULL;
CREATE INDEX transaction_by_reference ON transaction (publisher_id, provider, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE UNIQUE INDEX renewal_once ON transaction (subscription_id, period_number, attempt) WHERE kind = 'renewal'
    AND origin = 'live';
CREATE INDEX refund_by_transaction ON refund (transaction_id, id);
CREATE INDEX refund_by_customer ON refund (publisher_id, customer_id);
CREATE INDEX access_by_customer ON access (publisher_id, customer_id, id);
CREATE UNIQUE INDEX access_of_subscription ON access (subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX access_of_transaction ON access (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX access_due ON access (ends_at) WHERE ended_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX access_extension_by_access ON access_extension (access_id, id);
CREATE INDEX access_extension_by_customer ON access_extension (publisher_id, customer_id);
CREATE INDEX operation_due ON operation (next_attempt_at) WHERE status IN ('pending', 'in_doubt', 'processing');
CREATE INDEX operation_by_customer ON operation (publisher_id, customer_id, id);
CREATE INDEX operation_by_subject ON operation (subject_id, id);
CREATE UNIQUE INDEX invoice_number ON invoice (publisher_id, year, number);
CREATE UNIQUE INDEX invoice_once ON invoice (transaction_id, coalesce(refund_id, ''));
CREATE INDEX invoice_by_customer ON invoice (publisher_id, customer_id, id);
CREATE INDEX known_customer_by_publisher ON known_customer (publisher_id, customer_id);
CREATE INDEX known_identity_by_customer ON known_identity (customer_id)
"""


def upgrade() -> None:
    """Create the indexes."""
    for statement in INDEXES.split(";\n"):
        if statement.strip():
            op.execute(statement)

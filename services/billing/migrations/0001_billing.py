"""Offers, accounts, payment methods, subscriptions, transactions, access, operations at providers, invoices."""

from alembic import op

from servicekit.db import ddl
from servicekit.db.roles import isolate

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE offer (
    id text NOT NULL,
    publisher_id text NOT NULL,
    external_id text,
    name text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    tax_percent numeric(7, 4) NOT NULL,
    period_unit text,
    period_count integer,
    trial_days integer NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE account (
    customer_id text NOT NULL,
    publisher_id text NOT NULL,
    status text NOT NULL,
    transactions_count bigint NOT NULL,
    lifetime_value jsonb NOT NULL,
    active_subscriptions integer NOT NULL,
    subscription_status text,
    next_payment_at timestamptz,
    next_payment jsonb,
    last_payment_method jsonb,
    first_transaction_at timestamptz,
    last_transaction_at timestamptz,
    first_channel text,
    last_channel text,
    has_access boolean NOT NULL,
    access_until timestamptz,
    closed_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (customer_id)
);
CREATE TABLE payment_method (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    provider text NOT NULL,
    provider_reference text,
    provider_customer text,
    kind text NOT NULL,
    brand text,
    last4 text,
    expiry_month integer,
    expiry_year integer,
    is_default boolean NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    detached_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE subscription (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    offer_id text NOT NULL,
    status text NOT NULL,
    status_before text,
    channel text NOT NULL,
    provider text NOT NULL,
    payment_method_id text,
    external_id text,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    period_unit text NOT NULL,
    period_count integer NOT NULL,
    time_zone text NOT NULL,
    started_at timestamptz NOT NULL,
    anchor_at timestamptz NOT NULL,
    period_number integer NOT NULL,
    current_period_start timestamptz NOT NULL,
    current_period_end timestamptz NOT NULL,
    trial_end timestamptz,
    cancel_at_period_end boolean NOT NULL,
    cancelled_at timestamptz,
    cancellation_reason text,
    ended_at timestamptz,
    ended_reason text,
    pending_offer_id text,
    attempt integer NOT NULL,
    next_attempt_at timestamptz,
    origin text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE transaction (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    kind text NOT NULL,
    offer_id text NOT NULL,
    subscription_id text,
    amount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL DEFAULT 0,
    refunding_minor bigint NOT NULL DEFAULT 0,
    currency text NOT NULL,
    status text NOT NULL,
    channel text NOT NULL,
    provider text NOT NULL,
    provider_reference text,
    payment_method_id text,
    payment_method jsonb,
    external_order_id text,
    external_order_key text,
    period_number integer,
    period_start timestamptz,
    period_end timestamptz,
    attempt integer,
    failure jsonb,
    origin text NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT never_more_than_paid CHECK (refunded_minor >= 0 AND refunding_minor >= 0
        AND refunded_minor + refunding_minor <= amount_minor)
);
CREATE TABLE refund (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    transaction_id text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    comment text,
    ends_access boolean NOT NULL,
    stops_renewals boolean NOT NULL,
    provider_reference text,
    failure jsonb,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (id)
);
CREATE TABLE access (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    offer_id text NOT NULL,
    subscription_id text,
    transaction_id text,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    reason text NOT NULL,
    ended_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE access_extension (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    access_id text NOT NULL,
    ended_before timestamptz,
    ends_at timestamptz NOT NULL,
    reason text,
    extended_by text NOT NULL,
    extended_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE operation (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    kind text NOT NULL,
    subject_id text NOT NULL,
    provider text NOT NULL,
    request jsonb NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    first_called_at timestamptz,
    lease_until timestamptz NOT NULL,
    fence bigint NOT NULL,
    last_problem text,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (id)
);
CREATE TABLE invoice_counter (
    publisher_id text NOT NULL,
    year integer NOT NULL,
    last_number bigint NOT NULL,
    PRIMARY KEY (publisher_id, year)
);
CREATE TABLE invoice (
    id text NOT NULL,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    transaction_id text NOT NULL,
    refund_id text,
    kind text NOT NULL,
    year integer NOT NULL,
    number bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    buyer jsonb NOT NULL,
    seller jsonb NOT NULL,
    lines jsonb NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE known_customer (
    customer_id text NOT NULL,
    publisher_id text NOT NULL,
    told jsonb,
    erased boolean NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (customer_id)
);
CREATE TABLE known_identity (
    publisher_id text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    customer_id text NOT NULL,
    PRIMARY KEY (publisher_id, kind, value, customer_id)
);
CREATE TABLE billing_settings (
    publisher_id text NOT NULL,
    time_zone text NOT NULL,
    refund_window_days integer,
    dunning_days integer[] NOT NULL,
    seller jsonb NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (publisher_id)
);
CREATE TABLE webhook_receipt (
    publisher_id text NOT NULL,
    provider text NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (publisher_id, provider, event_id)
);
"""
_ALL = "SELECT, INSERT, UPDATE, DELETE"
_KEPT = "SELECT, INSERT, UPDATE"
# Table: what the role of one publisher may, and what the one that sees all of them may.
_RIGHTS = {
    "offer": (_KEPT, "SELECT"),
    "account": (_KEPT, "SELECT"),
    "payment_method": (_KEPT, "SELECT"),
    "subscription": (_KEPT, "SELECT"),
    "transaction": (_KEPT, "SELECT"),
    "refund": (_KEPT, "SELECT"),
    "access": (_KEPT, "SELECT"),
    "access_extension": (_KEPT, ""),
    "operation": (_KEPT, "SELECT, UPDATE"),
    "invoice_counter": (_KEPT, ""),
    "invoice": ("SELECT, INSERT", "SELECT"),
    "known_customer": (_KEPT, ""),
    "known_identity": (_ALL, ""),
    "billing_settings": (_KEPT, ""),
    "webhook_receipt": ("SELECT, INSERT", "SELECT, DELETE"),
}


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += ddl.outbox_v1(database) + ddl.outbox_v2(database) + ddl.consumer_v1(database)
    statements += ddl.idempotency_v1(database) + ddl.audit_v1(database)
    for table, (app, system) in _RIGHTS.items():
        statements += isolate(database, table, app=app, system=system)
    for statement in statements:
        op.execute(statement)

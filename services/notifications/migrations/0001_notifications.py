"""Recipients, mails, templates, settings and what is to be written later."""

from alembic import op

from servicekit.db import ddl
from servicekit.db.roles import isolate

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE recipient (
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    version bigint NOT NULL,
    email text,
    first_name text,
    last_name text,
    company text,
    language text,
    bounced_address text,
    erasing_since timestamptz,
    erased_at timestamptz,
    PRIMARY KEY (publisher_id, customer_id)
);
CREATE INDEX recipient_erasing ON recipient (erasing_since) WHERE erasing_since IS NOT NULL AND erased_at IS NULL;
CREATE TABLE email (
    id text PRIMARY KEY,
    publisher_id text NOT NULL,
    customer_id text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    language text,
    to_address text,
    to_name text,
    from_address text,
    from_name text,
    reply_to text,
    subject text,
    html text,
    text text,
    facts jsonb,
    logo_id text,
    message_id text NOT NULL,
    event_id text,
    resend_of text,
    requested_by text,
    transaction_id text,
    subscription_id text,
    invoice_number text,
    template_version integer,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    handed_over_at timestamptz,
    ended_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    in_doubt boolean NOT NULL DEFAULT false,
    failure_code text,
    failure text,
    claimed_by text,
    claimed_until timestamptz,
    claim integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX email_by_event ON email (publisher_id, event_id, kind) WHERE event_id IS NOT NULL;
CREATE UNIQUE INDEX email_by_message ON email (message_id);
CREATE INDEX email_by_customer ON email (publisher_id, customer_id, created_at DESC, id DESC);
CREATE INDEX email_by_time ON email (publisher_id, created_at DESC, id DESC);
CREATE INDEX email_by_status ON email (publisher_id, status, created_at DESC, id DESC);
CREATE INDEX email_by_transaction ON email (publisher_id, transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX email_by_kind ON email (publisher_id, kind, created_at DESC) WHERE facts IS NOT NULL;
CREATE INDEX email_due ON email (due_at) WHERE status = 'queued';
CREATE INDEX email_claimed ON email (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE TABLE attachment (
    publisher_id text NOT NULL,
    email_id text NOT NULL REFERENCES email (id),
    position integer NOT NULL,
    file_name text NOT NULL,
    media_type text NOT NULL,
    content bytea,
    PRIMARY KEY (publisher_id, email_id, position)
);
CREATE TABLE logo (
    publisher_id text NOT NULL,
    id text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (publisher_id, id)
);
CREATE TABLE mail_settings (
    publisher_id text PRIMARY KEY,
    revision bigint NOT NULL,
    delivery text NOT NULL,
    sender_name text,
    sender_address text,
    reply_to text,
    support_email text,
    website_url text,
    postal_address text,
    color text NOT NULL,
    logo_id text,
    language text NOT NULL,
    time_zone text NOT NULL,
    renewal_notice_days integer NOT NULL,
    kinds_off text[] NOT NULL
);
CREATE TABLE template_version (
    publisher_id text NOT NULL,
    kind text NOT NULL,
    language text NOT NULL,
    version integer NOT NULL,
    subject text,
    html text,
    text text,
    at timestamptz NOT NULL,
    editor_id text NOT NULL,
    editor_name text NOT NULL,
    editor_kind text NOT NULL,
    PRIMARY KEY (publisher_id, kind, language, version)
);
CREATE TABLE reminder (
    publisher_id text NOT NULL,
    kind text NOT NULL,
    thing_id text NOT NULL,
    occasion text NOT NULL,
    customer_id text NOT NULL,
    due_at timestamptz NOT NULL,
    useless_from timestamptz NOT NULL,
    done_at timestamptz,
    facts jsonb,
    PRIMARY KEY (publisher_id, kind, thing_id, occasion)
);
CREATE INDEX reminder_due ON reminder (due_at) WHERE done_at IS NULL;
CREATE INDEX reminder_by_customer ON reminder (publisher_id, customer_id);
CREATE TABLE thing (
    publisher_id text NOT NULL,
    id text NOT NULL,
    customer_id text,
    version bigint NOT NULL,
    state jsonb,
    PRIMARY KEY (publisher_id, id)
);
CREATE INDEX thing_by_customer ON thing (publisher_id, customer_id)
"""


def upgrade() -> None:
    """Create everything."""
    database = op.get_bind().engine.url.database
    everything = "SELECT, INSERT, UPDATE, DELETE"
    statements = [statement for statement in TABLES.split(";\n") if statement.strip()]
    statements += ddl.outbox_v1(database) + ddl.outbox_v2(database) + ddl.consumer_v1(database)
    statements += ddl.idempotency_v1(database) + ddl.audit_v1(database)
    statements += isolate(database, "recipient", app="SELECT, INSERT, UPDATE", system="SELECT")
    statements += isolate(database, "email", app="SELECT, INSERT, UPDATE", system="SELECT, UPDATE")
    statements += isolate(database, "attachment", app=everything, system="SELECT")
    statements += isolate(database, "logo", app="SELECT, INSERT, DELETE", system="SELECT")
    statements += isolate(database, "mail_settings", app="SELECT, INSERT, UPDATE")
    statements += isolate(database, "template_version", app="SELECT, INSERT")
    statements += isolate(database, "reminder", app=everything, system="SELECT")
    statements += isolate(database, "thing", app=everything)
    for statement in statements:
        op.execute(statement)

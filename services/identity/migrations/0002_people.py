"""Staff that are managed, sessions that are listed and end, preferences, the publisher's settings, keys without
personal data.

Processes of the version before go on: every column has a default that is right for what they write. API keys are not
rewritten but say which list of scopes theirs were chosen from, so that one made by an old process after this
migration is read like all before it.
"""

from alembic import op

from servicekit.db.roles import isolate, role_name

revision = "0002"
down_revision = "0001"

STATEMENTS = """
ALTER TABLE publisher
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC',
    ADD COLUMN language text NOT NULL DEFAULT 'en',
    ADD COLUMN currency text,
    ADD COLUMN website_url text,
    ADD COLUMN offer_url_template text,
    ADD COLUMN support_email text;
ALTER TABLE staff
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN password_change_required boolean NOT NULL DEFAULT false,
    ADD COLUMN last_sign_in_at timestamptz;
CREATE UNIQUE INDEX staff_one_owner ON staff (publisher_id) WHERE role = 'owner';
ALTER TABLE api_key ADD COLUMN scopes_version smallint NOT NULL DEFAULT 1;
ALTER TABLE staff_session
    ADD COLUMN id text NOT NULL UNIQUE DEFAULT 'ssn_' || replace(gen_random_uuid()::text, '-', ''),
    ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN user_agent text;
CREATE TABLE staff_preferences (
    staff_id text PRIMARY KEY REFERENCES staff (id),
    publisher_id text NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    updated_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    """Add everything."""
    database = op.get_bind().engine.url.database or ""
    statements = [statement for statement in STATEMENTS.split(";\n") if statement.strip()]
    statements += isolate(database, "staff_preferences", app="SELECT, INSERT, UPDATE")
    # When a session was last used is recorded where its credential is exchanged, before its publisher is known.
    statements += [f"GRANT UPDATE (last_used_at) ON staff_session TO {role_name(database, 'system')}"]
    for statement in statements:
        op.execute(statement)

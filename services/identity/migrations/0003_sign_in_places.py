"""From where each email address has signed in lately."""

from alembic import op

from servicekit.db.roles import role_name, share

revision = "0003"
down_revision = "0002"

STATEMENTS = """
CREATE TABLE sign_in_place (bucket text PRIMARY KEY, seen_at timestamptz NOT NULL);
CREATE INDEX sign_in_place_by_age ON sign_in_place (seen_at);
CREATE INDEX staff_session_by_publisher ON staff_session (publisher_id, staff_id, id)
"""


def upgrade() -> None:
    """Add the table."""
    database = op.get_bind().engine.url.database or ""
    statements = [statement for statement in STATEMENTS.split(";\n") if statement.strip()]
    statements += share(database, "sign_in_place", system="SELECT, INSERT, UPDATE, DELETE")
    # Without it rows can't be locked, not even those that are to be deleted.
    statements += [f"GRANT UPDATE (last_used_at) ON staff_session TO {role_name(database, 'app')}"]
    for statement in statements:
        op.execute(statement)

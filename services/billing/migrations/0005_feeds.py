"""Let the feeds say which customers were erased."""

from alembic import op

from servicekit.db.roles import role_name

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Show the role ``system`` every publisher's customers, to read."""
    system = role_name(op.get_bind().engine.url.database, "system")
    op.execute(f"GRANT SELECT ON known_customer TO {system}")
    op.execute(f"CREATE POLICY every_publisher ON known_customer TO {system} USING (true) WITH CHECK (true)")

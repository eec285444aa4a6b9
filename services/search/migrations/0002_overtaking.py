"""Let the indexer move ``doc_version`` up where the index is ahead of the projection."""

from alembic import op

from servicekit.db.roles import role_name

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Grant it."""
    database = op.get_bind().engine.url.database
    op.execute(f"GRANT UPDATE ON SEQUENCE doc_version TO {role_name(database, 'system')}")

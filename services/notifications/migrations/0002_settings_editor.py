"""Who changed the mail settings last, and when."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; of settings changed before nobody knows."""
    op.execute(
        "ALTER TABLE mail_settings ADD COLUMN edited_at timestamptz, ADD COLUMN editor_id text,"
        " ADD COLUMN editor_name text, ADD COLUMN editor_kind text"
    )

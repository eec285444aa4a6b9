"""Sections of a customer that other services tell, beside the customers service's own."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add their columns. Each begins empty, at version 0."""
    for section in ("account", "summary"):
        op.execute(f"ALTER TABLE search_customer ADD COLUMN {section} jsonb")
        op.execute(f"ALTER TABLE search_customer ADD COLUMN {section}_version bigint NOT NULL DEFAULT 0")

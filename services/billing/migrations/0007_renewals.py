"""What the scheduler needs to know of a subscription: who is at it, since when it is charged, what failed."""

from alembic import op

from servicekit.db.roles import role_name

revision = "0007"
down_revision = "0006"

COLUMNS = """
ALTER TABLE subscription
    ADD COLUMN periods_before integer NOT NULL DEFAULT 0,
    ADD COLUMN pending_price_minor bigint,
    ADD COLUMN switching_price_minor bigint,
    ADD COLUMN charging_since timestamptz,
    ADD COLUMN past_due_since timestamptz,
    ADD COLUMN declined_method_id text,
    ADD COLUMN claimed_until timestamptz
"""


def upgrade() -> None:
    """Add the columns. The role that sees every publisher may claim what is due, and change nothing else."""
    system = role_name(op.get_bind().engine.url.database, "system")
    op.execute(COLUMNS)
    op.execute(f"GRANT UPDATE (claimed_until) ON subscription TO {system}")

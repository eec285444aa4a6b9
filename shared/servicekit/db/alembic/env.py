"""Alembic's entry: runs one service's migrations as its ``migrate`` role, one process at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

_LOCK = 7420002

engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()

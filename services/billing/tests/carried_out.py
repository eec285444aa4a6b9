"""Carrying out at providers what is open, now and later."""

from __future__ import annotations

from datetime import datetime, timedelta

from servicekit import clock
from servicekit.db.database import Database
from services.billing.execution.executor import Executor
from services.billing.providers.registry import Providers


def executor_at(database: Database, system_database: Database, providers: Providers, moment: datetime) -> Executor:
    """An executor whose clock stands at this moment."""
    return Executor(database, system_database, providers.of, now=lambda: moment)


def run_to_the_end(system_database: Database, database: Database, providers: Providers) -> None:
    """Carry out what is due, and what will be within two days."""
    now = clock.now()
    for hours in range(0, 49, 2):
        later = executor_at(database, system_database, providers, now + timedelta(hours=hours, minutes=5))
        while later.step():
            pass

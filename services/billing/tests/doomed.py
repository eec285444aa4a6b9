"""A scheduler in a process of its own, which is killed at a named step: ``python -m services.billing.tests.doomed``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime

import time_machine

from servicekit import faults
from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.billing.execution.executor import Executor
from services.billing.providers.registry import Providers
from services.billing.renewals.scheduler import Scheduler

POINTS = (
    "renewal:claimed", "renewal:created", "operation:claimed", "sandbox:done", "operation:called", "invoice:numbered",
    "operation:settled",
)  # fmt: skip


def run_until_killed(scratch: ScratchDatabase, *, at: datetime, point: str) -> None:
    """Have a scheduler work at that time until it comes to the point, and make sure that it was killed there."""
    arguments = [sys.executable, "-m", "services.billing.tests.doomed", at.isoformat(), point]
    given = {**os.environ, "DOOMED_APP": scratch.urls.app, "DOOMED_SYSTEM": scratch.urls.system}
    done = subprocess.run(arguments, env=given, timeout=60, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2_000:]


def _main(at: str, point: str) -> None:
    def end(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    app, system = Database(os.environ["DOOMED_APP"], pool_size=4), Database(os.environ["DOOMED_SYSTEM"], pool_size=2)
    executor = Executor(app, system, Providers(app).of)
    faults.install(end)
    with time_machine.travel(datetime.fromisoformat(at), tick=False):
        while Scheduler(app, system, executor).step() + executor.step():
            pass


if __name__ == "__main__":
    _main(*sys.argv[1:])

"""The worker and then the sender in a process of their own, killed at a named step:
``python -m services.notifications.tests.doomed``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from servicekit import faults
from servicekit.bus import BusUnavailable
from servicekit.bus.inprocess import InProcessBus
from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.notifications.delivery.sender import Sender
from services.notifications.delivery.smtp import SmtpTransport
from services.notifications.handlers import QUEUE, subscriptions
from services.notifications.settings import MailDefaults, SmtpSettings

POINTS = (
    "worker:received", "worker:handled", "worker:committed", "worker:acknowledged", "sender:claimed", "sender:begun",
    "smtp:introduced", "smtp:sent", "sender:answered", "sender:written",
)  # fmt: skip
"""From an event to the last answer of SMTP, in this order."""
WINDOW = ("smtp:sent", "sender:answered")
"""Where a mail may arrive twice: its last byte was sent, and what the server said isn't written down."""


def run_until_killed(scratch: ScratchDatabase, bus_url: str, smtp_port: int, *, point: str, times: int) -> None:
    """Have all handled and sent, and make sure of the death at the so-and-so-many-th time that the point is reached."""
    given = {"APP": scratch.urls.app, "SYSTEM": scratch.urls.system, "BUS": bus_url, "SMTP": str(smtp_port)}
    arguments = [sys.executable, "-m", "services.notifications.tests.doomed", point, str(times)]
    done = subprocess.run(arguments, env={**os.environ, **given}, timeout=120, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2_000:]


def work_off(app: Database, system: Database, bus: InProcessBus, smtp_port: int) -> None:
    """Handle what is in the queue, then send what is due."""
    consumer = EventConsumer(
        name=QUEUE, consumer=bus.consumer(QUEUE), app=app, system=system, subscriptions=subscriptions(MailDefaults())
    )
    # The same name in every life, as a container's.
    transport = SmtpTransport(SmtpSettings(host="127.0.0.1", port=smtp_port))
    sender = Sender(app, system, transport, sender_id="doomed", batch=2)
    while bus.depth(QUEUE):
        try:
            consumer.step(timeout=1.0)
        except BusUnavailable:  # who died holds the queue until the server has noticed
            continue
    while sender.step():
        pass
    transport.close()


def _main(point: str, times: int) -> None:
    reached = 0

    def end(at: str) -> None:
        nonlocal reached
        reached += at == point
        if at == point and reached == times:
            os.kill(os.getpid(), signal.SIGKILL)

    app, system = Database(os.environ["APP"], pool_size=2), Database(os.environ["SYSTEM"], pool_size=2)
    faults.install(end)
    work_off(app, system, InProcessBus(os.environ["BUS"]), int(os.environ["SMTP"]))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))

"""``./accounts import`` as a process, with one publisher's key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.serving import PATIENCE, Server
from tests.e2e.system import Api


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Command:
    """The command line with one publisher's key."""

    server: Server
    api: Api

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """The command as it runs."""
        environment = {**os.environ, "ACCOUNTS_API_KEY": self.api.credential, "ACCOUNTS_URL": self.server.url}
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "embedded.imports", *map(str, arguments)],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # As from a terminal, although whoever runs the tests in the background has it ignored.
            preexec_fn=_heed_interrupts,
            **options,
        )

    def run(self, *arguments: str | Path, **options: Any) -> tuple[int, str, str]:
        """Its exit code, what it says in the end, and what it shows."""
        process = self.start(*arguments, **options)
        said, shown = process.communicate(timeout=PATIENCE)
        return process.returncode, said, shown

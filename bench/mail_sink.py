"""A mail server to measure against: ``python -m bench.mail_sink PORT DIRECTORY``.

It says yes to a message only when that is on the disk, as RFC 5321 (6.1) has it. Messages that come at the same time
don't wait for each other's.
"""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

COUNT, MESSAGES = "count", "messages"


class Sink:
    """Keeps every message in a file of its own, and how many there are in ``count``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        (directory / MESSAGES).mkdir(parents=True, exist_ok=True)
        self._count = 0
        self._disk = ThreadPoolExecutor(8)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        """Keep it, then take it."""
        content = envelope.content
        assert isinstance(content, bytes)  # noqa: S101 - as this server is set
        number, self._count = self._count, self._count + 1
        await asyncio.get_running_loop().run_in_executor(self._disk, self._keep, number, content)
        (self._directory / COUNT).open("ab").write(b".")
        return "250 OK"

    def _keep(self, number: int, content: bytes) -> None:
        handle = os.open(self._directory / MESSAGES / f"{number:08}", os.O_WRONLY | os.O_CREAT)
        try:
            os.write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)


def accepted(directory: Path) -> int:
    """How many messages were taken so far."""
    try:
        return (directory / COUNT).stat().st_size
    except FileNotFoundError:
        return 0


def newest(directory: Path, count: int) -> list[bytes]:
    """The messages that came last."""
    return [path.read_bytes() for path in sorted((directory / MESSAGES).iterdir())[-count:]]


async def _serve(port: int, directory: Path) -> None:
    loop, sink = asyncio.get_running_loop(), Sink(directory)
    server = await loop.create_server(lambda: SMTP(sink, loop=loop, enable_SMTPUTF8=True), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))

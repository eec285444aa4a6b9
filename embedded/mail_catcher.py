"""Where mail ends that is to reach nobody: in memory, or at a mail server of our own, which shows it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.web_server import WebServer
from services.notifications.delivery.message import message_bytes
from services.notifications.delivery.port import Outgoing, Rejected

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_KEPT = 500
MOST_BYTES = 25_000_000
# A message is a document of nobody's: no script runs, nothing is loaded.
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_PAGE = Path(__file__).parent / "mail_catcher.html"
_PARTS = ("html", "text", "source")


@dataclass
class MemoryTransport:
    """A transport that keeps what it is given: for tests, and where nobody asks for a mail server."""

    sent: list[Outgoing] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Addresses that don't exist."""

    def send(self, mail: Outgoing) -> None:
        """Keep it, if a message can be made of it. Raises Rejected."""
        message_bytes(mail)
        if mail.to_address in self.refused:
            raise Rejected("mailbox_refused", "550 5.1.1 No such mailbox")
        self.sent.append(mail)

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class Caught:
    """A message as it came over SMTP."""

    number: int
    recipients: Sequence[str]
    content: bytes

    def message(self) -> EmailMessage:
        """The message, read."""
        read = message_from_bytes(self.content, policy=default)
        assert isinstance(read, EmailMessage)  # noqa: S101 - what this policy makes
        return read


class MailCatcher:
    """A mail server on a free port of this machine only. It takes everything, and keeps the ``most`` newest."""

    def __init__(self, most: int | None = MOST_KEPT) -> None:
        self._kept: deque[Caught] = deque(maxlen=most)
        self._lock = threading.Lock()
        self._count = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
        self._server: asyncio.AbstractServer | None = None

    def start(self) -> int:
        """Listen; on which port. Raises OSError."""
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = listening.result()
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        def protocol() -> SMTP:
            return SMTP(self, data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, ident="Caught", loop=self._loop)

        return await self._loop.create_server(protocol, "127.0.0.1", 0)

    def caught(self) -> list[Caught]:
        """What came, newest first."""
        with self._lock:
            return list(reversed(self._kept))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take a message."""
        content = envelope.content
        with self._lock:
            self._count += 1
            raw = content if isinstance(content, bytes) else str(content).encode()
            self._kept.append(Caught(self._count, tuple(map(str, envelope.rcpt_tos)), raw))
        return "250 OK"

    def wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Its pages: a list, and each message as HTML, as text and as it came."""
        status, media_type, policy, body = self._answer(str(environ.get("PATH_INFO", "/")))
        headers = [
            ("Content-Type", f"{media_type}; charset=utf-8"),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("Content-Length", str(len(body))),
        ]
        start_response(status, headers)
        return [body]

    def _answer(self, path: str) -> tuple[str, str, str, bytes]:
        if path == "/":
            return "200 OK", "text/html", _PAGE_POLICY, _list(self.caught()).encode()
        number, _, part = path.strip("/").partition("/")
        found = next((one for one in self.caught() if str(one.number) == number), None)
        if found is None or part not in _PARTS:
            return "404 Not Found", "text/plain", _PAGE_POLICY, b"There is no such mail (any more).\n"
        if part == "source":
            return "200 OK", "text/plain", _MAIL_POLICY, found.content
        body = found.message().get_body(("html",) if part == "html" else ("plain",))
        text = body.get_content() if body is not None else ""
        return "200 OK", "text/html" if part == "html" else "text/plain", _MAIL_POLICY, str(text).encode()


def _list(caught: Sequence[Caught]) -> str:
    rows = "".join(_row(one) for one in caught)
    return _PAGE.read_text("utf-8").replace("%rows%", rows or '<tr><td colspan="4">Nothing yet.</td></tr>')


def _row(one: Caught) -> str:
    message: Any = one.message()
    links = " ".join(f'<a href="/{one.number}/{part}">{part}</a>' for part in _PARTS)
    told = (", ".join(one.recipients), str(message["Subject"] or ""), str(message["Date"] or ""))
    return "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in told) + f"<td>{links}</td></tr>"


@contextmanager
def caught_mail() -> Iterator[tuple[int, str]]:
    """A catcher and its pages, each on a free port of this machine only: the mail server's port, the pages' address."""
    catcher = MailCatcher()
    port = catcher.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = WebServer(catcher.wsgi, listener)
        server.start()
        try:
            yield port, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop()
            catcher.stop()

"""A mail server in the test's process, by aiosmtpd: real conversations, with answers that a test decides."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """Takes mails on a free port of this machine. ``answer`` says what to say to a message, ``to_recipient`` to its
    recipient; None takes it. ``options`` are aiosmtpd's."""

    answer: Callable[[bytes], str | None] = lambda _content: None
    to_recipient: Callable[[str], str | None] = lambda _address: None
    options: dict[str, Any] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    _running: bool = False

    def start(self, port: int = 0) -> int:
        """Listen; on which port."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result()
        self._running = True
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def stop(self) -> None:
        """Listen no longer, and break off what is going on."""
        if not self._running:
            return
        self._running = False
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def messages(self) -> list[EmailMessage]:
        """What came, read."""
        read = [message_from_bytes(content, policy=default) for content in self.taken]
        return [message for message in read if isinstance(message, EmailMessage)]

    async def _listen(self, port: int) -> asyncio.Server:
        tls = self.options.pop("tls_from_the_start", None)

        def protocol() -> SMTP:
            self.connections += 1
            return SMTP(self, loop=self._loop, **self.options)

        return await self._loop.create_server(protocol, "127.0.0.1", port, ssl=tls)

    async def _end(self) -> None:
        self._server.close()
        ongoing = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in ongoing:
            task.cancel()
        await asyncio.gather(*ongoing, return_exceptions=True)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Whether a recipient is taken."""
        answer = self.to_recipient(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(rcpt_options)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Whether a message is taken."""
        content = envelope.content
        assert isinstance(content, bytes)
        answer = self.answer(content)
        if answer is None:
            self.taken.append(content)
            self.envelopes.append(envelope)
        return answer or "250 OK"


def only(user: str, password: str) -> Callable[..., AuthResult]:
    """Lets in one user."""

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check


def certificate(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for ``localhost``, and the file by which it can be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = directory / "server.pem", directory / "server.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public

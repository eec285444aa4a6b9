"""Delivery over SMTP (RFC 5321): one kept connection, TLS, sign-in, a time-out for each step."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable

from servicekit.faults import reach
from services.notifications.delivery.message import message_bytes, narrow
from services.notifications.delivery.port import Deferred, InDoubt, Outgoing, Rejected, Unreachable
from services.notifications.settings import SmtpSettings

_IDLE_SECONDS = 20.0
"""A connection that was quiet for longer is replaced instead of tried: servers and firewalls drop it."""
_ASKED_AFTER_SECONDS = 1.0
_TROUBLE = (smtplib.SMTPException, OSError, ssl.SSLError)


class SmtpTransport:
    """A transport over one connection, opened when it is needed and kept between messages."""

    def __init__(self, settings: SmtpSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._connection: smtplib.SMTP | None = None
        self._taken = 0
        self._used_at = 0.0

    def send(self, mail: Outgoing) -> None:
        """As the port says."""
        connection = self._lively()
        utf8 = connection.has_extn("smtputf8")
        if not utf8 and not mail.to_address.rpartition("@")[0].isascii():
            raise Rejected("address_needs_smtputf8")
        wide = utf8 and not (mail.to_address.isascii() and mail.from_address.isascii())
        content = message_bytes(mail, utf8=wide)
        self._introduce(connection, mail, wide=wide)
        self._hand_over(connection, content)
        self._taken += 1
        self._used_at = self._clock()

    def close(self) -> None:
        """As the port says."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except _TROUBLE:
                connection.close()

    def _lively(self) -> smtplib.SMTP:
        """A connection that answers: one that was kept is asked first, so that no mail has to find out that it died."""
        kept = self._connection
        connection = self._connected()
        if connection is kept and self._clock() - self._used_at > _ASKED_AFTER_SECONDS:
            try:
                if connection.noop()[0] == 250:
                    return connection
            except _TROUBLE:
                pass
            self._drop()
            connection = self._connected()
        return connection

    def _connected(self) -> smtplib.SMTP:
        worn = self._taken >= self._settings.most_messages or self._clock() - self._used_at > _IDLE_SECONDS
        if self._connection is not None and worn:
            self.close()
        if self._connection is None:
            try:
                self._connection = self._connect()
            except _TROUBLE as error:
                raise Unreachable(_code_of(error), _words(error)) from None
            self._taken, self._used_at = 0, self._clock()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        name, timeout = settings.local_name or None, settings.timeout_seconds
        if settings.security == "tls":
            context = self._context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, local_hostname=name, timeout=timeout, context=context
            )
        else:
            connection = smtplib.SMTP(settings.host, settings.port, local_hostname=name, timeout=timeout)
        try:
            if connection.sock is not None:
                # A message's end is sent by itself: it must not wait until what was before it is acknowledged.
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if settings.security == "starttls":
                connection.starttls(context=self._context())  # raises where the server hasn't it: never in the clear
            connection.ehlo_or_helo_if_needed()
            if settings.username:
                connection.login(settings.username, settings.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)

    def _introduce(self, connection: smtplib.SMTP, mail: Outgoing, *, wide: bool) -> None:
        """Envelope: sender, recipient, and that the message follows. Nothing is in doubt up to here."""
        options = ["SMTPUTF8"] if wide else []
        if connection.has_extn("8bitmime"):
            options.append("BODY=8BITMIME" if wide else "BODY=7BIT")
        if connection.has_extn("dsn"):
            # RFC 3461: a report about this message names it by this.
            options += ["RET=HDRS", f"ENVID={mail.email_id}"]
        wanted = ["NOTIFY=FAILURE,DELAY"] if connection.has_extn("dsn") else []
        back_to = self._settings.return_path or mail.from_address
        sender, recipient = narrow(back_to, wide=wide), narrow(mail.to_address, wide=wide)
        self._step(connection, lambda: connection.mail(sender, options), good=(250,), sender=True)
        self._step(connection, lambda: connection.rcpt(recipient, wanted), good=(250, 251))
        self._step(connection, lambda: connection.docmd("DATA"), good=(354,))
        reach("smtp:introduced")

    def _step(
        self,
        connection: smtplib.SMTP,
        command: Callable[[], tuple[int, bytes]],
        *,
        good: tuple[int, ...],
        sender: bool = False,
    ) -> None:
        try:
            code, words = command()
        except _TROUBLE as error:
            self._drop()
            raise Deferred(_code_of(error), _words(error)) from None
        if code in good:
            return
        self._reset(connection, code)
        self._refuse(code, words, sender=sender)

    def _hand_over(self, connection: smtplib.SMTP, content: bytes) -> None:
        """The message itself. Once its last byte is sent, only the answer tells whether the server took it."""
        line = connection.sock
        body = _with_dots(content)
        try:
            connection.send(body[:-5])
        except _TROUBLE as error:
            self._drop()  # without its end no server takes a message
            raise Deferred(_code_of(error), _words(error)) from None
        try:
            if line is not None:
                line.settimeout(self._settings.answer_seconds)
            connection.send(body[-5:])
            reach("smtp:sent")
            code, words = connection.getreply()
            if line is not None:
                line.settimeout(self._settings.timeout_seconds)
        except _TROUBLE as error:
            self._drop()
            raise InDoubt("answer_lost", _words(error)) from None
        if code == 250:
            return
        self._reset(connection, code)
        self._refuse(code, words, sender=False)

    def _refuse(self, code: int, words: bytes, *, sender: bool) -> None:
        told = f"{code} {words.decode('utf-8', 'replace')}"[:500]
        if sender and code >= 500:
            raise Deferred("sender_refused", told)  # for the operator or the publisher to mend
        if code >= 500:
            raise Rejected("mailbox_refused" if code in (550, 551, 553) else "message_refused", told)
        raise Deferred("deferred", told)

    def _reset(self, connection: smtplib.SMTP, code: int) -> None:
        if code == 421:
            self._drop()
            return
        try:
            connection.rset()
        except _TROUBLE:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _with_dots(content: bytes) -> bytes:
    """The message as DATA has it: lines beginning with a dot get another one, and a dot alone ends it."""
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    return stuffed + b".\r\n"


def _code_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "sign_in_refused"
    if isinstance(error, ssl.SSLError):
        return "tls_failed"
    late = isinstance(error, TimeoutError) or "timed out" in str(error)  # smtplib makes others of some
    return "timed_out" if late else "not_reachable"


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]

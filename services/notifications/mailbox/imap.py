"""A mailbox on an IMAP server (RFC 9051, RFC 3501), by the standard library's client."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from services.notifications.settings import MailboxSettings

MOST_BYTES = 1_000_000
"""How much of a message is read. What a report says comes first in it; the mail that came back comes last."""
MOST_AT_ONCE = 5_000
_WINDOW = 1_000  # of messages asked about in one command: the answer is one line, and lines have limits
# A ValueError is imaplib's own where a number has too many digits.
_TROUBLE = (imaplib.IMAP4.error, OSError, ssl.SSLError, ValueError)
_UID = re.compile(rb"\bUID (\d+)")


class MailboxUnavailable(Exception):
    """The mailbox can't be read now; ``code`` is stable, and says nothing of what the server said."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Mailbox:
    """A folder that was opened. Every method raises MailboxUnavailable."""

    def __init__(self, connection: imaplib.IMAP4, messages: int) -> None:
        self._connection = connection
        self._messages = messages

    def unread(self) -> list[str]:
        """The messages that nobody has read or deleted, the oldest first: at most ``MOST_AT_ONCE``."""
        found: list[str] = []
        for first in range(1, self._messages + 1, _WINDOW):
            last = min(first + _WINDOW - 1, self._messages)
            (line, *_) = self._uid("SEARCH", f"{first}:{last}", "UNSEEN", "UNDELETED") or [b""]
            found += [uid.decode("ascii") for uid in (line or b"").split() if uid.isdigit()]
            if len(found) >= MOST_AT_ONCE:
                break
        return found[:MOST_AT_ONCE]

    def content(self, uid: str) -> bytes | None:
        """The beginning of a message; reading it doesn't mark it. None if it is gone."""
        for part in self._uid("FETCH", uid, f"(UID BODY.PEEK[]<0.{MOST_BYTES}>)"):
            if isinstance(part, tuple) and (told := _UID.search(part[0])) and told[1] == uid.encode():
                return bytes(part[1])
        return None

    def mark_read(self, uid: str) -> None:
        """Leave it to people: it isn't looked at again."""
        self._uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen)")

    def remove(self, uid: str) -> None:
        """Delete it; where the server can't remove it alone (RFC 4315) it stays marked as deleted."""
        self._uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen \\Deleted)")
        if "UIDPLUS" in self._connection.capabilities:
            self._uid("EXPUNGE", uid)

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        try:
            answer, data = self._connection.uid(command, *arguments)
        except _TROUBLE as error:
            raise MailboxUnavailable(_code_of(error)) from None
        if answer != "OK":
            raise MailboxUnavailable("refused")
        return list(data)


@contextmanager
def open_mailbox(settings: MailboxSettings) -> Iterator[Mailbox]:
    """Sign in and open the folder, for as long as the block runs. Raises MailboxUnavailable."""
    try:
        connection = _connect(settings)
    except _TROUBLE as error:
        raise MailboxUnavailable(_code_of(error)) from None
    try:
        yield Mailbox(connection, _enter(connection, settings))
    finally:
        with suppress(*_TROUBLE):
            connection.logout()
        with suppress(*_TROUBLE):
            connection.shutdown()


def _enter(connection: imaplib.IMAP4, settings: MailboxSettings) -> int:
    """Sign in, open the folder; how many messages it has."""
    try:
        connection.login(settings.username, settings.password)
    except imaplib.IMAP4.abort as error:
        raise MailboxUnavailable(_code_of(error)) from None
    except imaplib.IMAP4.error:
        raise MailboxUnavailable("sign_in_refused") from None
    except OSError as error:
        raise MailboxUnavailable(_code_of(error)) from None
    try:
        _, told = connection.capability()
        connection.capabilities = tuple((told[-1] or b"").decode("ascii", "replace").upper().split())
        folder = settings.folder.replace("\\", "\\\\").replace('"', '\\"')
        answer, data = connection.select(f'"{folder}"')
        if answer != "OK":
            raise MailboxUnavailable("no_such_folder")
        return int(data[0] or b"0")
    except _TROUBLE as error:
        raise MailboxUnavailable(_code_of(error)) from None
    except (ValueError, IndexError, TypeError):
        raise MailboxUnavailable("not_understood") from None


def _connect(settings: MailboxSettings) -> imaplib.IMAP4:
    given: dict[str, Any] = {"host": settings.host, "port": settings.port, "timeout": settings.timeout_seconds}
    if settings.security == "tls":
        return _CarefulTls(**given, ssl_context=_context(settings))
    connection = _Careful(**given)
    try:
        if settings.security == "starttls":
            connection.starttls(_context(settings))  # raises where the server hasn't it: never in the clear
    except BaseException:
        connection.shutdown()
        raise
    return connection


def _context(settings: MailboxSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file or None)


class _Limited:
    """A server can announce a literal of any size: memory is only given for what was asked for."""

    def read(self, size: int) -> bytes:
        """As imaplib's. Raises imaplib.IMAP4.abort."""
        if size > MOST_BYTES:
            raise imaplib.IMAP4.abort("a larger answer than was asked for")
        content: bytes = super().read(size)  # type: ignore[misc]
        return content


class _Careful(_Limited, imaplib.IMAP4):
    pass


class _CarefulTls(_Limited, imaplib.IMAP4_SSL):
    pass


def _code_of(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "tls_failed"
    if isinstance(error, TimeoutError):
        return "timed_out"
    return "not_reachable" if isinstance(error, OSError) else "not_understood"

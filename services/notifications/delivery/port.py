"""The way out: what a mail server says about one message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, or the picture that the HTML names by its content ID."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail as it is in its row, ready to be put into a message."""

    email_id: str
    message_id: str
    from_address: str
    from_name: str
    reply_to: str | None
    to_address: str
    to_name: str | None
    subject: str
    html: str
    text: str
    language: str
    seconds: float
    """When it was written, in seconds since 1970: the message's date, the same at every try."""
    logo: File | None = None
    attachments: tuple[File, ...] = field(default=())


class NotSent(Exception):
    """The message was not taken; ``code`` is stable, ``words`` what the server said (they may name the address)."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class Rejected(NotSent):
    """The server won't ever take this message: its mailbox doesn't exist, or it is refused for what it is."""


class Deferred(NotSent):
    """The server can't take this message now, but may later."""


class Unreachable(NotSent):
    """There is no talking to the server at all now: no message's fault."""


class InDoubt(NotSent):
    """The whole message was sent, and the answer to it was lost: the server may have taken it."""


class Transport(Protocol):
    """One connection to the mail server at a time, for one thread."""

    def send(self, mail: Outgoing) -> None:
        """Hand over one mail; returns when the server has taken it on.

        Raises Rejected, Deferred, Unreachable, InDoubt.
        """

    def close(self) -> None:
        """End the connection, if there is one."""

"""A mail as an Internet message (RFC 5322, MIME).

Put together by hand where that is simple, because each mail is: the standard library's ``EmailMessage`` takes ten times
as long. It does what isn't simple: addresses and subjects in other scripts, and the headers of files.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import MIMEPart
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from services.notifications.cleaning import one_line
from services.notifications.delivery.port import File, Outgoing, Rejected

_LONGEST_LINE = 78  # RFC 5322, 2.1.1


def message_bytes(mail: Outgoing, *, utf8: bool = False) -> bytes:
    """The message, lines ending in CRLF. ``utf8``: for a server that takes addresses in other scripts (RFC 6531).

    The same mail always makes the same message. Raises Rejected for an address that no message can have.
    """
    try:
        return _head(mail, SMTPUTF8 if utf8 else SMTP) + _body(mail)
    except (MessageError, ValueError, IndexError, UnicodeError):
        raise Rejected("address_invalid") from None


def _head(mail: Outgoing, policy: EmailPolicy[Any]) -> bytes:
    wide = policy.utf8
    fields: list[tuple[str, str | Address]] = [("To", _address(mail.to_address, mail.to_name, wide=wide))]
    if mail.reply_to:
        fields.append(("Reply-To", _address(mail.reply_to, None, wide=wide)))
    fields += [
        ("Subject", one_line(mail.subject)),
        ("Date", format_datetime(datetime.fromtimestamp(mail.seconds, UTC))),
        ("Message-ID", mail.message_id),
        # RFC 3834: no vacation notice is an answer to this, and no robot of ours answers one.
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", mail.language),
        ("MIME-Version", "1.0"),
    ]
    sender = _sender(mail.from_address, mail.from_name, policy)
    return sender + b"".join(_field(name, value, policy) for name, value in fields)


@lru_cache(maxsize=1_000)
def _sender(address: str, name: str, policy: EmailPolicy[Any]) -> bytes:
    return _field("From", _address(address, name, wide=policy.utf8), policy)


def _field(name: str, value: str | Address, policy: EmailPolicy[Any]) -> bytes:
    """A header field; as it is where it is short and plain, else folded and encoded as the standards have it."""
    text = str(value)
    if text.isascii() and text.isprintable() and "=?" not in text and len(name) + 2 + len(text) <= _LONGEST_LINE:
        return f"{name}: {text}\r\n".encode("ascii")
    header = policy.header_store_parse(name, value)[1]
    folded: str = header.fold(policy=policy)
    return folded.encode("utf-8" if policy.utf8 else "ascii")


def _body(mail: Outgoing) -> bytes:
    """Text and HTML as alternatives; the picture goes with the HTML, other files beside both."""
    html = _text("html", mail.html)
    if mail.logo is not None:
        html = _multipart("related", f"{mail.email_id}_2", [html, _picture(mail.logo)])
    body = _multipart("alternative", f"{mail.email_id}_1", [_text("plain", mail.text), html])
    if mail.attachments:
        body = _multipart("mixed", f"{mail.email_id}_0", [body, *map(_attachment, mail.attachments)])
    return body


def _text(subtype: str, text: str) -> bytes:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    encoded = b2a_qp(plain.replace("\n", "\r\n").encode())
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode("ascii") + encoded


def _multipart(subtype: str, name: str, parts: Sequence[bytes]) -> bytes:
    """Parts with boundaries made of the mail's ID instead of by chance: no line of theirs can begin so, because ``=_``
    stands in neither quoted-printable nor base64 (RFC 2045, 6.7)."""
    boundary = f"=_{name}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    mark = f"--{boundary}".encode("ascii")
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _picture(logo: File) -> bytes:
    sub = logo.media_type.partition("/")[2]
    return _file(logo, cid=f"<{logo.name}>", disposition="inline", filename=f"logo.{sub}")


def _attachment(file: File) -> bytes:
    return _file(file, disposition="attachment", filename=file.name)


def _file(file: File, **how: Any) -> bytes:
    main, _, sub = file.media_type.partition("/")
    part = MIMEPart(SMTP)
    part.set_content(file.content, maintype=main, subtype=sub, **how)
    return part.as_bytes()


def _address(address: str, name: str | None, *, wide: bool) -> Address:
    user, _, domain = narrow(address, wide=wide).rpartition("@")
    return Address(one_line(name or "", 200), username=user, domain=domain)


def narrow(address: str, *, wide: bool) -> str:
    """An address as a server takes it; for one that knows ASCII only, its domain as IDNA has it."""
    user, _, domain = address.rpartition("@")
    return address if wide or domain.isascii() else f"{user}@{domain.encode('idna').decode()}"

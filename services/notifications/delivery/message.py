"""A mail as an Internet message (RFC 5322, MIME)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime
from typing import Any

from services.notifications.cleaning import one_line
from services.notifications.delivery.port import File, Outgoing, Rejected


def message_bytes(mail: Outgoing, *, utf8: bool = False) -> bytes:
    """The message, lines ending in CRLF. ``utf8``: for a server that takes addresses in other scripts (RFC 6531).

    The same mail always makes the same message. Raises Rejected for an address that no message can have.
    """
    try:
        return _message(mail, SMTPUTF8 if utf8 else SMTP).as_bytes()
    except (MessageError, ValueError, IndexError, UnicodeError):
        raise Rejected("address_invalid") from None


def _message(mail: Outgoing, policy: EmailPolicy[Any]) -> EmailMessage:
    message = EmailMessage(policy)
    wide = policy.utf8
    message["From"] = _address(mail.from_address, mail.from_name, wide=wide)
    message["To"] = _address(mail.to_address, mail.to_name, wide=wide)
    if mail.reply_to:
        message["Reply-To"] = _address(mail.reply_to, None, wide=wide)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.seconds, UTC))
    message["Message-ID"] = mail.message_id
    # RFC 3834: no vacation notice is an answer to this, and no robot of ours answers one.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = mail.language
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.logo is not None:
        _add_picture(message, mail.logo)
    for file in mail.attachments:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    _fix_boundaries(message, mail.email_id)
    return message


def _add_picture(message: EmailMessage, logo: File) -> None:
    main, _, sub = logo.media_type.partition("/")
    html = list(message.iter_parts())[-1]
    assert isinstance(html, EmailMessage)  # noqa: S101 - made two lines above its caller
    html.add_related(
        logo.content, maintype=main, subtype=sub, cid=f"<{logo.name}>", disposition="inline", filename=f"logo.{sub}"
    )


def _fix_boundaries(message: EmailMessage, email_id: str) -> None:
    """Boundaries made of the mail's ID instead of by chance."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{email_id}_{number}")


def _address(address: str, name: str | None, *, wide: bool) -> Address:
    user, _, domain = narrow(address, wide=wide).rpartition("@")
    return Address(one_line(name or "", 200), username=user, domain=domain)


def narrow(address: str, *, wide: bool) -> str:
    """An address as a server takes it; for one that knows ASCII only, its domain as IDNA has it."""
    user, _, domain = address.rpartition("@")
    return address if wide or domain.isascii() else f"{user}@{domain.encode('idna').decode()}"

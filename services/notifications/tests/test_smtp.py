"""Delivery over real SMTP conversations: what arrives, how, and what the server's answers mean."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.notifications.delivery.port import Deferred, File, InDoubt, Outgoing, Rejected, Unreachable
from services.notifications.delivery.smtp import SmtpTransport
from services.notifications.settings import SmtpSettings
from services.notifications.tests.mail_server import MailServer, certificate, only

MAIL = Outgoing(
    email_id="eml_06h5yvkg1scm7h3b8k5rqt2xzw",
    message_id="<eml_06h5yvkg1scm7h3b8k5rqt2xzw@mail.example>",
    from_address="service@mail.example",
    from_name="Müller & Söhne",
    reply_to="help@mail.example",
    to_address="anna@example.com",
    to_name="Анна",
    subject="Ihre Quittung – 12,99 €",
    html="<p>Guten Tag</p>\n.\n<p>ende</p>",
    text="Guten Tag\n.\nende\n",
    language="de",
    seconds=1_773_307_800.0,
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer()
    yield made
    made.stop()


Connect = Callable[..., SmtpTransport]


@pytest.fixture
def transport(server: MailServer) -> Iterator[Connect]:
    """Makes transports to a port, in the clear unless said otherwise; they are closed before the server is."""
    with ExitStack() as stack:

        def connect(port: int, **settings: Any) -> SmtpTransport:
            given = SmtpSettings(host="localhost", port=port, timeout_seconds=5.0, answer_seconds=5.0)
            made = SmtpTransport(replace(given, **settings))
            stack.callback(made.close)
            return made

        yield connect


def test_a_mail_arrives_as_it_was_written(server: MailServer, transport: Connect) -> None:
    sending = transport(server.start())
    logo = File("logo", "image/gif", b"GIF89a")
    sending.send(replace(MAIL, logo=logo, attachments=(File("Rechnung.pdf", "application/pdf", b"%PDF-1"),)))
    (message,) = server.messages
    assert str(message["From"]) == "Müller & Söhne <service@mail.example>"
    assert str(message["To"]) == "Анна <anna@example.com>"
    assert str(message["Reply-To"]) == "help@mail.example"
    assert str(message["Subject"]) == MAIL.subject
    assert message["Message-ID"] == MAIL.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.timestamp() == MAIL.seconds
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().replace("\r\n", "\n").strip() == MAIL.html
    parts = [part.get_content_type() for part in message.walk()]
    assert parts == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/gif",
        "application/pdf",
    ]  # fmt: skip
    assert all(line.isascii() and len(line) <= 998 for line in server.taken[0].split(b"\r\n"))


def test_the_same_mail_is_the_same_message_at_every_try(server: MailServer, transport: Connect) -> None:
    sending = transport(server.start())
    sending.send(MAIL)
    sending.send(MAIL)
    assert server.taken[0] == server.taken[1]
    assert server.connections == 1


def test_what_comes_back_comes_to_the_sender_or_to_the_return_path(server: MailServer, transport: Connect) -> None:
    port = server.start()
    transport(port).send(MAIL)
    transport(port, return_path="bounces@mail.example").send(MAIL)
    assert [each.mail_from for each in server.envelopes] == [MAIL.from_address, "bounces@mail.example"]
    assert server.taken[0] == server.taken[1]


def test_a_connection_is_replaced_after_so_many_messages_and_when_it_broke(
    server: MailServer, transport: Connect
) -> None:
    port = server.start()
    sending = transport(port, most_messages=2)
    for _ in range(3):
        sending.send(MAIL)
    assert server.connections == 2
    server.stop()
    server.start(port)
    with pytest.raises((Deferred, Unreachable)):
        sending.send(MAIL)
    sending.send(MAIL)
    assert len(server.taken) == 4


@pytest.mark.parametrize("where", ["from_name", "to_name", "subject", "reply_to", "to_address"])
@pytest.mark.parametrize("evil", ["x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com", "x\r\n\r\n<b>body</b>"])
def test_no_field_can_add_a_header(server: MailServer, transport: Connect, where: str, evil: str) -> None:
    sending = transport(server.start())
    changes: dict[str, Any] = {where: f"{evil}@example.com" if where in ("reply_to", "to_address") else evil}
    if where in ("reply_to", "to_address"):
        with pytest.raises(Rejected, match="address_invalid"):
            sending.send(replace(MAIL, **changes))
        assert server.taken == []
        return
    sending.send(replace(MAIL, **changes))
    (message,) = server.messages
    assert message["Bcc"] is None
    assert server.envelopes[0].rcpt_tos == ["anna@example.com"]
    assert {part.get_content_type() for part in message.walk()} == {
        "multipart/alternative",
        "text/plain",
        "text/html",
    }


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        ("550 5.1.1 No such user", Rejected, "mailbox_refused"),
        ("552 5.2.2 Mailbox full", Rejected, "message_refused"),
        ("451 4.7.1 Greylisted", Deferred, "deferred"),
        ("421 4.3.2 Closing", Deferred, "deferred"),
    ],
)
def test_what_a_server_says_to_a_recipient_is_told_apart(
    server: MailServer, transport: Connect, answer: str, expected: type[Exception], code: str
) -> None:
    server.to_recipient = lambda address: answer if address.startswith("bad") else None
    sending = transport(server.start())
    with pytest.raises(expected) as told:
        sending.send(replace(MAIL, to_address="bad@example.com"))
    assert told.value.code == code  # type: ignore[attr-defined]
    assert answer.partition(" ")[2] in told.value.words  # type: ignore[attr-defined]
    sending.send(MAIL)
    assert [envelope.rcpt_tos for envelope in server.envelopes] == [["anna@example.com"]]


@pytest.mark.parametrize(("answer", "expected"), [("554 5.7.1 Spam", Rejected), ("452 4.3.1 Full", Deferred)])
def test_what_a_server_says_to_a_message_is_told_apart(
    server: MailServer, transport: Connect, answer: str, expected: type[Exception]
) -> None:
    server.answer = lambda content: answer if b"Spam" in content else None
    sending = transport(server.start())
    with pytest.raises(expected):
        sending.send(replace(MAIL, subject="Spam"))
    sending.send(MAIL)
    assert len(server.taken) == 1


def test_an_answer_that_does_not_come_leaves_the_mail_in_doubt(server: MailServer, transport: Connect) -> None:
    waiting = threading.Event()
    server.answer = lambda _content: "250 OK" if waiting.wait(2.0) else None
    sending = transport(server.start(), answer_seconds=0.3)
    with pytest.raises(InDoubt):
        sending.send(MAIL)
    waiting.set()


def test_a_server_that_is_not_there_is_no_message_s_fault(transport: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable) as told:
        transport(port).send(MAIL)
    assert told.value.code == "not_reachable"


def test_a_server_that_says_nothing_is_given_up(transport: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable) as told:
        transport(silent.getsockname()[1], timeout_seconds=0.3).send(MAIL)
    assert told.value.code == "timed_out"


class TestEncryption:
    """TLS and sign-in."""

    def test_starttls_and_sign_in(self, server: MailServer, transport: Connect, tmp_path: Path) -> None:
        context, trusted = certificate(tmp_path)
        server.options = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": only("user", "secret"),
        }
        port = server.start()
        sending = transport(port, security="starttls", ca_file=str(trusted), username="user", password="secret")
        sending.send(MAIL)
        assert len(server.taken) == 1
        with pytest.raises(Unreachable) as told:
            transport(port, security="starttls", ca_file=str(trusted), username="user", password="wrong").send(MAIL)
        assert told.value.code == "sign_in_refused"

    def test_tls_from_the_first_byte(self, server: MailServer, transport: Connect, tmp_path: Path) -> None:
        context, trusted = certificate(tmp_path)
        server.options = {"tls_from_the_start": context}
        transport(server.start(), security="tls", ca_file=str(trusted)).send(MAIL)
        assert len(server.taken) == 1

    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, server: MailServer, transport: Connect, tmp_path: Path
    ) -> None:
        context, _trusted = certificate(tmp_path)
        server.options = {"tls_context": context}
        with pytest.raises(Unreachable) as told:
            transport(server.start(), security="starttls").send(MAIL)
        assert told.value.code == "tls_failed"
        assert server.taken == []

    def test_without_starttls_nothing_is_sent_in_the_clear(self, server: MailServer, transport: Connect) -> None:
        with pytest.raises(Unreachable):
            transport(server.start(), security="starttls", username="user", password="secret").send(MAIL)
        assert server.taken == []


def test_an_address_in_another_script_needs_a_server_that_takes_it(server: MailServer, transport: Connect) -> None:
    server.options = {"enable_SMTPUTF8": True}
    sending = transport(server.start())
    sending.send(replace(MAIL, to_address="анна@example.com"))
    sending.send(replace(MAIL, to_address="anna@müller.example"))
    assert server.envelopes[0].rcpt_tos == ["анна@example.com"]


def test_a_server_that_knows_ascii_only_gets_domains_as_idna(server: MailServer, transport: Connect) -> None:
    sending = transport(server.start())
    sending.send(replace(MAIL, to_address="anna@müller.example"))
    assert server.envelopes[0].rcpt_tos == ["anna@xn--mller-kva.example"]
    with pytest.raises(Rejected) as told:
        sending.send(replace(MAIL, to_address="анна@example.com"))
    assert told.value.code == "address_needs_smtputf8"

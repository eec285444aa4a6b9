"""This service's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from environs import Env, validate

from servicekit.audit import AUDIT_KEPT
from servicekit.db.roles import DatabaseUrls
from servicekit.feed_client import Owners
from servicekit.settings import audit_days, database_urls

SECURITIES = ("none", "starttls", "tls")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The mail server. ``security``: ``tls`` from the first byte, ``starttls`` (required, never optional), or ``none``.

    ``timeout_seconds`` is for each step but the last: for the answer to a whole message RFC 5321 (4.5.3.2.6) asks for
    ten minutes, because giving up on it is what makes mails go out twice. ``return_path``: where mails come back to
    that others could not deliver; without it to each mail's own sender.
    """

    host: str = ""
    port: int = 25
    security: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    local_name: str = ""
    return_path: str = ""
    timeout_seconds: float = 30.0
    answer_seconds: float = 600.0
    most_messages: int = 100
    """After so many messages a connection is replaced: servers limit it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSettings:
    """The mailbox to which mails come back, on an IMAP server; without a ``host`` none is read.

    ``security`` as of SMTP. ``every_seconds``: how often it is looked into.
    """

    host: str = ""
    port: int = 993
    security: str = "tls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    folder: str = "INBOX"
    every_seconds: float = 60.0
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDefaults:
    """What the operator sets for all publishers: the sender while a publisher has none of its own, the domains that
    publishers may send from (empty: any), and TrueType files for letters of invoices that our own fonts lack."""

    from_address: str = "no-reply@localhost"
    from_name: str = "Customer service"
    sender_domains: tuple[str, ...] = ()
    invoice_fonts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where this service finds what it needs."""

    database: DatabaseUrls
    rabbitmq_url: str = ""
    topology_file: str = "deploy/topology.json"
    identity_url: str = ""
    token_issuer: str = "customer-accounts"  # noqa: S105 - a name
    customers_url: str = ""
    billing_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    mailbox: MailboxSettings = field(default_factory=MailboxSettings)
    mail: MailDefaults = field(default_factory=MailDefaults)
    senders: int = 4
    pool_size: int = 10
    audit_days: int = AUDIT_KEPT.days

    @property
    def owners(self) -> Owners:
        """Whose feeds this service starts from."""
        return Owners(
            urls={"customers": self.customers_url, "billing": self.billing_url},
            identity_url=self.identity_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
        )

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``NOTIFICATIONS_DATABASE_URL_*``, ``RABBITMQ_URL``, ``TOPOLOGY_FILE``, ``IDENTITY_URL``,
        ``TOKEN_ISSUER``, ``CUSTOMERS_URL``, ``BILLING_URL``, ``SERVICE_CLIENT_ID``, ``SERVICE_CLIENT_SECRET``,
        ``SMTP_*``, ``MAILBOX_*``, ``MAIL_*``, ``DATABASE_POOL_SIZE`` and ``AUDIT_DAYS``."""
        env = Env()
        positive = validate.Range(min=1)
        return cls(
            database=database_urls(env, "notifications"),
            rabbitmq_url=env.str("RABBITMQ_URL", ""),
            topology_file=env.str("TOPOLOGY_FILE", "deploy/topology.json"),
            identity_url=env.str("IDENTITY_URL", ""),
            token_issuer=env.str("TOKEN_ISSUER", "customer-accounts"),
            customers_url=env.str("CUSTOMERS_URL", ""),
            billing_url=env.str("BILLING_URL", ""),
            client_id=env.str("SERVICE_CLIENT_ID", "notifications"),
            client_secret=env.str("SERVICE_CLIENT_SECRET", ""),
            smtp=_smtp(env),
            mailbox=_mailbox(env),
            mail=_mail(env),
            senders=env.int("MAIL_SENDERS", 4, validate=positive),
            pool_size=env.int("DATABASE_POOL_SIZE", 10, validate=positive),
            audit_days=audit_days(env),
        )


def _smtp(env: Env) -> SmtpSettings:
    return SmtpSettings(
        host=env.str("SMTP_HOST", ""),
        port=env.int("SMTP_PORT", 25, validate=validate.Range(1, 65535)),
        security=env.str("SMTP_SECURITY", "starttls", validate=validate.OneOf(SECURITIES)),
        username=env.str("SMTP_USERNAME", ""),
        password=env.str("SMTP_PASSWORD", ""),
        ca_file=env.str("SMTP_CA_FILE", ""),
        local_name=env.str("SMTP_LOCAL_NAME", ""),
        return_path=env.str("SMTP_RETURN_PATH", ""),
        timeout_seconds=env.float("SMTP_TIMEOUT_SECONDS", 30.0, validate=validate.Range(min=1)),
        answer_seconds=env.float("SMTP_ANSWER_SECONDS", 600.0, validate=validate.Range(min=1)),
        most_messages=env.int("SMTP_MOST_MESSAGES", 100, validate=validate.Range(min=1)),
    )


def _mailbox(env: Env) -> MailboxSettings:
    return MailboxSettings(
        host=env.str("MAILBOX_HOST", ""),
        port=env.int("MAILBOX_PORT", 993, validate=validate.Range(1, 65535)),
        security=env.str("MAILBOX_SECURITY", "tls", validate=validate.OneOf(SECURITIES)),
        username=env.str("MAILBOX_USERNAME", ""),
        password=env.str("MAILBOX_PASSWORD", ""),
        ca_file=env.str("MAILBOX_CA_FILE", ""),
        folder=env.str("MAILBOX_FOLDER", "INBOX"),
        every_seconds=env.float("MAILBOX_EVERY_SECONDS", 60.0, validate=validate.Range(min=1)),
    )


def _mail(env: Env) -> MailDefaults:
    return MailDefaults(
        from_address=env.str("MAIL_FROM", "no-reply@localhost"),
        from_name=env.str("MAIL_FROM_NAME", "Customer service"),
        sender_domains=tuple(map(str.lower, env.list("MAIL_SENDER_DOMAINS", []))),
        invoice_fonts=tuple(env.list("INVOICE_FONTS", [])),
    )

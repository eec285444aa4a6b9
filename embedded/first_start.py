"""The demo publisher, made at the first start; a first start that was killed is completed by the next."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import select

from embedded.assembly import Assembly
from embedded.demo.filling import fill
from embedded.demo.mails import fill_mails
from embedded.demo.remarks import fill_notes
from embedded.state import Credentials, DatabaseMissing, read_credentials, write_credentials
from servicekit import clock
from servicekit.db.database import Database
from services.identity.actions import create_api_key, create_publisher
from services.identity.credentials import hash_password
from services.identity.models import Staff
from services.identity.roles import PUBLISHER_SCOPES

PUBLISHER = "Demo Publishing"
OWNER_EMAIL = "owner@example.com"
_WORTH_A_BAR = 1000


def first_start(assembly: Assembly, directory: Path, *, demo: int) -> Credentials:
    """The credentials of the demo publisher, which is made with ``demo`` customers if it isn't there.

    Raises DatabaseMissing where there are credentials but nobody whose they could be.
    """
    credentials = read_credentials(directory)
    if credentials is not None:
        if not has_staff(assembly.databases["identity.system"]):
            raise DatabaseMissing(directory, "it has no publisher")
        return credentials
    password, now = secrets.token_urlsafe(12), clock.now()
    owner = _owner(assembly, password, now)
    _make_customers(assembly, owner.publisher_id, demo, now)
    fill_notes(
        assembly.databases["customers.app"],
        assembly.databases["notes.app"],
        publisher_id=owner.publisher_id,
        owner=(owner.id, owner.name),
        count=demo,
        now=now,
    )
    fill_mails(
        assembly.databases["customers.app"],
        assembly.databases["billing.app"],
        assembly.databases["notifications.app"],
        publisher_id=owner.publisher_id,
        publisher_name=PUBLISHER,
        owner=(owner.id, owner.name),
        count=demo,
        now=now,
    )
    with assembly.databases["identity.app"].transaction(owner.publisher_id) as session:
        _key, api_key = create_api_key(
            session,
            publisher_id=owner.publisher_id,
            name="Demo key",
            scopes=PUBLISHER_SCOPES,
            grantable=frozenset(PUBLISHER_SCOPES),
            created_by=owner.id,
            now=now,
        )
    credentials = Credentials(email=OWNER_EMAIL, password=password, api_key=api_key)
    write_credentials(directory, credentials)
    return credentials


def has_staff(identity: Database) -> bool:
    """Whether anybody can sign in. Not asked by address or name: both may be changed."""
    with identity.transaction() as session:
        return session.scalars(select(Staff.id).limit(1)).first() is not None


def _owner(assembly: Assembly, password: str, now: datetime) -> Staff:
    """The demo publisher's owner, with this password."""
    with assembly.databases["identity.system"].transaction() as session:
        known = session.scalars(select(Staff).where(Staff.email_key == OWNER_EMAIL)).one_or_none()
    if known is None:
        with assembly.databases["identity.app"].transaction() as session:
            return create_publisher(
                session,
                name=PUBLISHER,
                owner_email=OWNER_EMAIL,
                owner_name="Demo Owner",
                password=password,
                now=now,
            )
    with assembly.databases["identity.app"].transaction(known.publisher_id) as session:
        owner = session.get_one(Staff, known.id)
        owner.password_hash = hash_password(password)
        session.flush()
        return owner


def _make_customers(assembly: Assembly, publisher_id: str, count: int, now: datetime) -> None:
    """The customers, with a progress bar on standard error where there are enough to wait for."""
    customers, billing = assembly.databases["customers.app"], assembly.databases["billing.app"]
    if count < _WORTH_A_BAR:
        fill(customers, billing=billing, publisher_id=publisher_id, count=count, now=now, done=lambda _: None)
        return
    with click.progressbar(length=count, label="making demo customers", show_pos=True, file=sys.stderr) as bar:
        fill(customers, billing=billing, publisher_id=publisher_id, count=count, now=now, done=bar.update)

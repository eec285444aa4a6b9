"""Signing in and out. Each step is a short transaction of its own: none is open while a password is checked."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from servicekit.audit import Actor, Entry, forget_old_entries, record
from servicekit.db.database import Database
from services.identity.actions import begin_session, end_session
from services.identity.attempts import (
    bucket,
    check,
    count_attempt,
    forgive_attempt,
    is_known_place,
    remember_place,
)
from services.identity.credentials import API_KEY_PREFIX, SESSION_PREFIX, password_matches
from services.identity.errors import InvalidCredential, NotASession, WrongCredentials
from services.identity.queries.callers import publisher_of_session
from services.identity.queries.staff import email_key, staff_by_email
from services.identity.settings import Settings


class SignIn:
    """Password sign-in over the service's two databases."""

    def __init__(self, database: Database, system_database: Database, settings: Settings) -> None:
        self._database = database
        self._system_database = system_database
        self._secret = settings.secret
        self._lifetime = settings.session_lifetime
        self._limits = settings.sign_in_limits
        self._audit_kept = timedelta(days=settings.audit_days)

    def sign_in(
        self,
        *,
        email: str,
        password: str,
        address: str,
        now: datetime,
        user_agent: str | None = None,
        request_id: str | None = None,
    ) -> str:
        """Begin a session; answers its secret. Old entries of the audit log go: no other process of this service would.

        Raises WrongCredentials, alike and after the same work whether or not the email address is known, and
        TooManyAttempts after so many failures in 15 minutes as ``SignInLimits`` allow.
        """
        key, network = email_key(email), network_of(address)
        both, by_email, by_address = (
            bucket(self._secret, key, network),
            bucket(self._secret, "email", key),
            bucket(self._secret, "address", network),
        )
        limits = {both: self._limits.per_email_and_address, by_address: self._limits.per_address}
        with self._system_database.transaction() as session:
            # Where somebody signs in as they did before, strangers can't lock them out by failing elsewhere.
            if not is_known_place(session, both, now):
                limits[by_email] = self._limits.per_email
            wait = count_attempt(session, limits, now)
            staff = staff_by_email(session, email)
        check(wait)
        if not password_matches(staff.password_hash if staff else None, password) or staff is None:
            raise WrongCredentials
        with self._database.transaction(staff.publisher_id) as session:
            secret = begin_session(session, staff=staff, lifetime=self._lifetime, now=now, user_agent=user_agent)
            entry = Entry("identity.staff.signed_in", staff.id, request_id)
            record(session, entry, publisher_id=staff.publisher_id, actor=Actor("staff", staff.id), now=now)
        with self._system_database.transaction() as session:
            forgive_attempt(session, forgotten=[both], given_back=limits)
            remember_place(session, both, now)
        forget_old_entries(self._system_database, before=now - self._audit_kept)
        return secret

    def sign_out(self, secret: str, *, now: datetime, request_id: str | None = None) -> None:
        """End the session with this secret; one that has ended already stays so, and nothing is told of it.

        Raises NotASession for an API key, and InvalidCredential for what is neither.
        """
        if secret.startswith(API_KEY_PREFIX):
            raise NotASession
        if not secret.startswith(SESSION_PREFIX):
            raise InvalidCredential
        with self._system_database.transaction() as session:
            publisher_id = publisher_of_session(session, secret)
        if publisher_id is not None:
            with self._database.transaction(publisher_id) as session:
                staff_id = end_session(session, secret=secret)
                if staff_id is not None:
                    entry = Entry("identity.staff.signed_out", staff_id, request_id)
                    record(session, entry, publisher_id=publisher_id, actor=Actor("staff", staff_id), now=now)


def network_of(address: str) -> str:
    """What limits go by: the network address, of IPv6 the /64 that a subscriber has for themselves."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)

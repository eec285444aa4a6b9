"""Signing in and out. Each step is a short transaction of its own: none is open while a password is checked."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.db.database import Database
from servicekit.errors import TooManyRequests
from services.identity.actions import begin_session, end_session
from services.identity.credentials import API_KEY_PREFIX, SESSION_PREFIX, password_matches
from services.identity.errors import InvalidCredential, NotASession, WrongCredentials
from services.identity.models import SignInAttempt
from services.identity.queries import email_key, publisher_of_session, staff_by_email

ATTEMPTS = 10
WINDOW = timedelta(minutes=15)


class TooManyAttempts(TooManyRequests):
    """Too many sign-ins with one email address from one network address."""

    code = "too_many_attempts"


class SignIn:
    """Password sign-in over the service's two databases."""

    def __init__(self, database: Database, system_database: Database, *, secret: str, lifetime: timedelta) -> None:
        self._database = database
        self._system_database = system_database
        self._secret = secret
        self._lifetime = lifetime

    def sign_in(self, *, email: str, password: str, address: str, now: datetime) -> str:
        """Begin a session; answers its secret.

        Raises WrongCredentials, alike and after the same work whether or not the email address is known, and
        TooManyAttempts after ten tries in 15 minutes with one email from one network ``address``.
        """
        bucket = self._bucket(email, address)
        with self._system_database.transaction() as session:
            attempts, began_at = _count_attempt(session, bucket, now)
            staff = staff_by_email(session, email)
        if attempts > ATTEMPTS:
            wait = max(1, int((began_at + WINDOW - now).total_seconds()) + 1)
            raise TooManyAttempts(f"Too many attempts to sign in. Try again in {wait} seconds.", retry_after=wait)
        if not password_matches(staff.password_hash if staff else None, password) or staff is None:
            raise WrongCredentials
        with self._system_database.transaction() as session:
            session.execute(delete(SignInAttempt).where(SignInAttempt.bucket == bucket))
        with self._database.transaction(staff.publisher_id) as session:
            return begin_session(session, staff=staff, lifetime=self._lifetime, now=now)

    def sign_out(self, secret: str) -> None:
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
                end_session(session, secret=secret)

    def _bucket(self, email: str, address: str) -> str:
        message = f"{email_key(email)}\0{address}".encode()
        return hmac.new(self._secret.encode(), message, hashlib.sha256).hexdigest()


def _count_attempt(session: Session, bucket: str, now: datetime) -> tuple[int, datetime]:
    """Count one more attempt, before it is known to fail: many at once can't slip through. Answers the number in
    the present window, and when that began."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.began_at <= now - WINDOW, SignInAttempt.bucket != bucket))
    old = SignInAttempt.began_at <= now - WINDOW
    statement = insert(SignInAttempt).values(bucket=bucket, attempts=1, began_at=now)
    row = session.execute(
        statement.on_conflict_do_update(
            index_elements=["bucket"],
            set_={
                "attempts": case((old, 1), else_=SignInAttempt.attempts + 1),
                "began_at": case((old, now), else_=SignInAttempt.began_at),
            },
        ).returning(SignInAttempt.attempts, SignInAttempt.began_at)
    ).one()
    return row.attempts, row.began_at

"""One's own password, asked for once more and changed. No transaction is open while one is checked or hashed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from services.identity.actions.passwords import change_password
from services.identity.attempts import ATTEMPTS, bucket, check, count_attempt, forgive_attempt
from services.identity.credentials import hash_password, password_matches
from services.identity.errors import InvalidCredential, NotStaff, WeakPassword, WrongPassword
from services.identity.models import Staff
from services.identity.password_rules import weakness


class OwnPassword:
    """Checks and changes the password of whoever is signed in."""

    def __init__(self, database: Database, system_database: Database, *, secret: str) -> None:
        self._database = database
        self._system_database = system_database
        self._secret = secret

    def confirm(self, caller: Caller, *, password: str, where: str, now: datetime) -> str:
        """The hash that ``password`` belongs to, if it is the caller's own.

        ``where`` is the field it was sent in. Raises NotStaff, WrongPassword, and TooManyAttempts after ten tries in
        15 minutes, whatever the session.
        """
        member = self._member(caller)
        tries = bucket(self._secret, "own password", member.id)
        with self._system_database.transaction() as session:
            wait = count_attempt(session, {tries: ATTEMPTS}, now)
        check(wait)
        if not password_matches(member.password_hash, password):
            raise WrongPassword(where)
        with self._system_database.transaction() as session:
            forgive_attempt(session, forgotten=[tries])
        return member.password_hash

    def change(self, caller: Caller, *, current: str, new: str, now: datetime) -> None:
        """Set a new password; the caller's other sessions end. Raises as ``confirm``, and WeakPassword."""
        member = self._member(caller)
        weak = weakness(new, about=(member.email, member.name))
        if weak is not None:
            raise WeakPassword(weak)
        confirmed = self.confirm(caller, password=current, where="/current_password", now=now)
        if new == current:
            raise WeakPassword("Must be another one than before.")
        new_hash = hash_password(new)
        with self._database.transaction(caller.publisher_id) as session:
            change_password(session, caller=caller, old_hash=confirmed, new_hash=new_hash)

    def _member(self, caller: Caller) -> Staff:
        if caller.kind != "staff":
            raise NotStaff
        with self._database.transaction(caller.publisher_id) as session:
            member = session.scalars(
                select(Staff).where(
                    Staff.publisher_id == caller.publisher_id,
                    Staff.id == caller.actor_id,
                    Staff.disabled_at.is_(None),
                )
            ).one_or_none()
        if member is None:
            raise InvalidCredential
        return member

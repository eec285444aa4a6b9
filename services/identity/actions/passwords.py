"""Passwords of staff."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from services.identity.actions.sessions import end_sessions
from services.identity.credentials import hash_password
from services.identity.errors import InvalidCredential, StaffNotFound
from services.identity.models import Staff
from services.identity.password_rules import temporary_password


def change_password(session: Session, *, caller: Caller, old_hash: str, new_hash: str) -> None:
    """Replace the caller's own password, and end their sessions but the one they use.

    Raises InvalidCredential if ``old_hash`` is no longer theirs: it was reset or changed meanwhile, or they were
    disabled, and this session has ended with that.
    """
    changed = session.execute(
        update(Staff)
        .where(
            Staff.publisher_id == caller.publisher_id,
            Staff.id == caller.actor_id,
            Staff.password_hash == old_hash,
            Staff.disabled_at.is_(None),
        )
        .values(password_hash=new_hash, password_change_required=False)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise InvalidCredential
    end_sessions(session, publisher_id=str(caller.publisher_id), staff_id=caller.actor_id, but=caller.session_id)


def issue_temporary_password(session: Session, *, publisher_id: str, staff_id: str) -> str:
    """Give a staff member a temporary password and end their sessions; for whoever runs the installation.

    Answers it; it can't be had again. Raises StaffNotFound.
    """
    password = temporary_password()
    password_hash = hash_password(password)
    given = session.execute(
        update(Staff)
        .where(Staff.publisher_id == publisher_id, Staff.id == staff_id)
        .values(password_hash=password_hash, password_change_required=True)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    ).first()
    if given is None:
        raise StaffNotFound
    end_sessions(session, publisher_id=publisher_id, staff_id=staff_id)
    return password

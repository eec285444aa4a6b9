"""Staff. Every change of a publisher's staff locks the publisher first, so that there is one after the other: whoever
has just lost a right can't use it once more, and there is exactly one owner at any time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.ids import new_id
from services.identity.actions.managing import begin_managing
from services.identity.actions.sessions import end_sessions
from services.identity.credentials import hash_password
from services.identity.errors import (
    EmailTaken,
    NoLongerAllowed,
    NotFitToOwn,
    NotToOneself,
    OwnerOnly,
    OwnershipIsTransferred,
    ScopesNotYours,
    StaffChangedMeanwhile,
    StaffNotFound,
)
from services.identity.models import Staff
from services.identity.password_rules import temporary_password
from services.identity.queries.staff import email_key
from services.identity.roles import OWNER, scopes_of


def add_staff(
    session: Session, *, actor: Caller, publisher_id: str, email: str, name: str, role: str, now: datetime
) -> tuple[Staff, str]:
    """Add a staff member, not the owner; answers them and their temporary password, which can't be had again.

    Raises EmailTaken, ScopesNotYours, OwnershipIsTransferred, NoLongerAllowed.
    """
    if role == OWNER:
        raise OwnershipIsTransferred
    password = temporary_password()
    password_hash = hash_password(password)  # before anything is locked: it takes its time
    begin_managing(session, actor, publisher_id)
    _check_passes_on(actor, role)
    values = {
        "id": new_id("stf"),
        "publisher_id": publisher_id,
        "email": email,
        "email_key": email_key(email),
        "name": name,
        "role": role,
        "password_hash": password_hash,
        "created_at": now,
        "password_change_required": True,
    }
    # Not looked up before: row level security hides the staff of other publishers, the unique index does not.
    statement = insert(Staff).values(values).on_conflict_do_nothing(index_elements=["email_key"]).returning(Staff)
    member = session.scalars(statement).one_or_none()
    if member is None:
        raise EmailTaken
    return member, password


def edit_staff(
    session: Session,
    *,
    actor: Caller,
    publisher_id: str,
    staff_id: str,
    data: dict[str, Any],
    expected_version: int | None,
    now: datetime,
) -> Staff:
    """Change a staff member's ``name``, ``role`` or ``status``; what is absent stays. Disabling ends their sessions.

    Raises StaffNotFound, StaffChangedMeanwhile, OwnerOnly, OwnershipIsTransferred, NotToOneself, ScopesNotYours,
    NoLongerAllowed.
    """
    begin_managing(session, actor, publisher_id)
    member = _locked(session, publisher_id, staff_id)
    _check_may_touch(actor, member)
    if expected_version not in (None, member.version):
        raise StaffChangedMeanwhile(member.version)
    disabled = member.disabled_at is not None
    name, role = data.get("name", member.name), data.get("role", member.role)
    disable = data["status"] == "disabled" if "status" in data else disabled
    if (role, disable) != (member.role, disabled):
        _check_may_change_rights(actor, member, role)
    if role != member.role or (disabled and not disable):
        _check_passes_on(actor, role)
    if (name, role, disable) != (member.name, member.role, disabled):
        member.name, member.role, member.version = name, role, member.version + 1
        if disable != disabled:
            member.disabled_at = now if disable else None
        session.flush()
    if disable:
        end_sessions(session, publisher_id=publisher_id, staff_id=staff_id)
    return member


def reset_password(session: Session, *, actor: Caller, publisher_id: str, staff_id: str) -> tuple[Staff, str]:
    """Give a staff member a new temporary password, which can't be had again, and end all their sessions.

    Raises StaffNotFound, OwnerOnly, NotToOneself, ScopesNotYours, NoLongerAllowed.
    """
    password = temporary_password()
    password_hash = hash_password(password)
    begin_managing(session, actor, publisher_id)
    member = _locked(session, publisher_id, staff_id)
    _check_may_touch(actor, member)
    if member.id == actor.actor_id:
        raise NotToOneself("Change your own password instead: POST /v1/identity/me/password.")
    # Who knows somebody's password can do what they may.
    _check_passes_on(actor, member.role)
    member.password_hash, member.password_change_required = password_hash, True
    session.flush()
    end_sessions(session, publisher_id=publisher_id, staff_id=staff_id)
    return member, password


def transfer_ownership(
    session: Session, *, actor: Caller, publisher_id: str, staff_id: str, password_hash: str
) -> Staff:
    """Make another staff member the owner, and the owner, who asks for it, an admin. Answers the new owner.

    ``password_hash`` is that of the password by which the owner has confirmed it. Doing it again changes nothing only
    for the owner; nobody else may. Raises OwnerOnly, StaffNotFound, NotFitToOwn, NotToOneself, NoLongerAllowed.
    """
    begin_managing(session, actor, publisher_id)
    owner = _locked(session, publisher_id, actor.actor_id)
    if owner.role != OWNER:
        raise OwnerOnly
    if owner.password_hash != password_hash:
        raise NoLongerAllowed
    if staff_id == owner.id:
        raise NotToOneself("You are the owner already. Name another staff member.")
    heir = _locked(session, publisher_id, staff_id)
    if heir.disabled_at is not None or heir.password_change_required:
        raise NotFitToOwn
    owner.role, owner.version = "admin", owner.version + 1
    session.flush()  # first: there are never two
    heir.role, heir.version = OWNER, heir.version + 1
    session.flush()
    return heir


def _locked(session: Session, publisher_id: str, staff_id: str) -> Staff:
    member = session.scalars(
        select(Staff)
        .where(Staff.publisher_id == publisher_id, Staff.id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if member is None:
        raise StaffNotFound
    return member


def _check_may_touch(actor: Caller, member: Staff) -> None:
    if member.role == OWNER and member.id != actor.actor_id:
        raise OwnerOnly


def _check_may_change_rights(actor: Caller, member: Staff, role: str) -> None:
    if OWNER in (role, member.role) and role != member.role:
        raise OwnershipIsTransferred
    if member.id == actor.actor_id:
        raise NotToOneself("You can't change your own role or disable yourself. Somebody else has to.")


def _check_passes_on(actor: Caller, role: str) -> None:
    """Nobody passes on more than they have: an API key with few scopes can't make itself an admin."""
    missing = scopes_of(role) - actor.scopes
    if missing:
        raise ScopesNotYours(missing)

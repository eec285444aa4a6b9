"""Whatever is done to staff in whatever order by whomever: one owner, and nobody gets what they may not have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from servicekit.errors import Problem
from services.identity.actions import edit_staff, transfer_ownership
from services.identity.models import Staff
from services.identity.roles import ROLES, scopes_of

FIRST = {"stf_a": "owner", "stf_b": "admin", "stf_c": "admin", "stf_d": "agent"}
_members = st.sampled_from(sorted(FIRST))
_steps = st.lists(
    st.one_of(
        st.tuples(_members, _members, st.fixed_dictionaries({"role": st.sampled_from(sorted(ROLES))})),
        st.tuples(_members, _members, st.fixed_dictionaries({"status": st.sampled_from(["active", "disabled"])})),
        st.tuples(_members, _members, st.none()),
    ),
    max_size=20,
)


def _begin(session: Session, now: datetime, publisher_id: str) -> None:
    for staff_id, role in FIRST.items():
        session.add(
            Staff(
                id=staff_id,
                publisher_id=publisher_id,
                email=staff_id,
                email_key=staff_id,
                name=staff_id,
                role=role,
                password_hash=staff_id,
                created_at=now,
            )
        )
    session.flush()


def _state(session: Session) -> dict[str, tuple[str, bool]]:
    rows = session.execute(select(Staff.id, Staff.role, Staff.disabled_at).where(Staff.id.in_(FIRST)))
    return {row.id: (row.role, row.disabled_at is None) for row in rows}


def _do(session: Session, publisher_id: str, actor: Caller, target: str, data: Any, now: datetime) -> bool:
    """Whether it was done."""
    try:
        with session.begin_nested():
            if data is None:
                transfer_ownership(
                    session, actor=actor, publisher_id=publisher_id, staff_id=target, password_hash=actor.actor_id
                )
            else:
                edit_staff(
                    session,
                    actor=actor,
                    publisher_id=publisher_id,
                    staff_id=target,
                    data=data,
                    expected_version=None,
                    now=now,
                )
    except Problem:
        return False
    return True


class _Undo(Exception):
    """Leave nothing behind."""


def test_rights_hold_in_every_order(database: Database, owner: Staff) -> None:
    @given(_steps)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def holds(steps: list[tuple[str, str, Any]]) -> None:
        try:
            with database.transaction(owner.publisher_id) as session:
                # Theirs is the only owner there may be.
                session.get_one(Staff, owner.id).role = "viewer"
                session.flush()
                _begin_and_check(session, owner.publisher_id, steps)
                raise _Undo
        except _Undo:
            pass

    holds()


def _begin_and_check(session: Session, publisher_id: str, steps: list[tuple[str, str, Any]]) -> None:
    now = clock.now()
    _begin(session, now, publisher_id)
    for actor_id, target, data in steps:
        before = _state(session)
        role, active = before[actor_id]
        # The token of a moment ago: it has the rights of the very beginning.
        actor = Caller(
            kind="staff",
            actor_id=actor_id,
            name=actor_id,
            publisher_id=publisher_id,
            role=FIRST[actor_id],
            scopes=scopes_of("admin"),
        )
        done = _do(session, publisher_id, actor, target, data, now)
        session.expire_all()
        after = _state(session)
        changed = {staff_id for staff_id in before if before[staff_id] != after[staff_id]}
        assert [role for role, _active in after.values()].count("owner") == 1
        assert all(is_active for role, is_active in after.values() if role == "owner")
        if not done:
            assert changed == set()
        if changed:
            assert active
            assert role in ("owner", "admin")
        if data is None and done:
            assert role == "owner"
            assert (after[actor_id][0], after[target][0]) == ("admin", "owner")
        elif changed:
            assert changed == {target}
            assert target != actor_id
            assert "owner" not in (before[target][0], after[target][0])

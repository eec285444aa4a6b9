"""Which routes are in the audit log, as what: ``@audited(action)`` or ``@not_audited(why)`` right under the scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Response, g

from servicekit import clock
from servicekit.audit import Actor, Entry, Outcome, record
from servicekit.web.context import current_caller, current_publisher_id, current_session, kit

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Audit:
    """How a route is audited: ``subject`` names the part of the address that is the thing's ID."""

    action: str
    subject: str | None


def audited(action: str, *, subject: str | None = None) -> Callable[[View], View]:
    """Have each request that this route answers, and each that it refuses for want of rights, in the audit log.

    The thing it is about is the part ``subject`` of the address, or what ``audit_subject`` said, or ``about``.
    """

    def mark(view: View) -> View:
        view.audit = Audit(action, subject)  # type: ignore[attr-defined]
        return view

    return mark


def not_audited(why: str) -> Callable[[View], View]:
    """Say why what this route does, or tells of a person, is not in the audit log by it."""

    def mark(view: View) -> View:
        view.audit = why  # type: ignore[attr-defined]
        return view

    return mark


def audit_of(view: Callable[..., Any]) -> Audit | str | None:
    """How a view is audited, why it isn't, or None for one that was forgotten."""
    return cast("Audit | str | None", getattr(view, "audit", None))


def audit_subject(subject: str) -> None:
    """The ID of what this request made or changed, where the address hasn't it."""
    g.audit_subject = subject


def record_answer(view: Callable[..., Any], arguments: Mapping[str, Any], answer: Any) -> None:
    """Write the entry of a request that was answered, in the request's transaction."""
    audit = audit_of(view)
    if isinstance(audit, Audit) and not (isinstance(answer, Response) and answer.status_code >= 400):
        replayed = isinstance(answer, Response) and "Idempotency-Replayed" in answer.headers
        entry = _entry(audit, arguments, "repeated" if replayed else "done")
        record(current_session(), entry, publisher_id=current_publisher_id(), actor=_actor(), now=clock.now())


def record_refusal(view: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Write the entry of a request that was refused for want of rights, in a transaction of its own."""
    audit = audit_of(view)
    caller = current_caller()
    if isinstance(audit, Audit) and caller.publisher_id is not None:
        with kit().database.transaction(caller.publisher_id) as session:
            entry = _entry(audit, arguments, "refused")
            record(session, entry, publisher_id=caller.publisher_id, actor=_actor(), now=clock.now())


def _actor() -> Actor:
    caller = current_caller()
    return Actor(caller.kind, caller.actor_id)


def _entry(audit: Audit, arguments: Mapping[str, Any], outcome: Outcome) -> Entry:
    named = arguments.get(audit.subject) if audit.subject else None
    return Entry(
        audit.action,
        named or g.get("audit_subject") or (g.get("datasubject") if outcome != "refused" else None),
        g.get("request_id"),
        outcome,
    )

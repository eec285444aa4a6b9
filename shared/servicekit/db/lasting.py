"""What a transaction does last, right before its commit: short work that holds a lock which everybody wants."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

_LAST = "servicekit_last"


def do_last(session: Session, work: Callable[[Session], None]) -> None:
    """Have ``work`` done when everything else of this transaction is done; in the order in which it was asked for.

    It is part of the transaction: if it raises, nothing is committed. The same ``work`` asked for again is done once.
    Not for what may be undone by a savepoint.
    """
    waiting: list[Callable[[Session], None]] = session.info.setdefault(_LAST, [])
    if work not in waiting:
        waiting.append(work)


def finish(session: Session) -> None:
    """Do what was to be done last. For the kit, before it commits."""
    waiting: list[Callable[[Session], None]] = session.info.get(_LAST, [])
    if waiting:
        session.flush()
    while waiting:
        waiting.pop(0)(session)

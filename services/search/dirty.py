"""The customers and transactions whose documents the index lacks: claimed by lease, cleared when the index has them.

``due_at`` says when an indexer may take an entry: at once, when the lease of one that died runs out, or when it is
tried again. Crosses publishers, so only indexers use it; what it hands out goes to the engine under its publisher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.search import events
from services.search.sections import merged
from services.search.text import NORMALIZER_VERSION

Key = tuple[str, str]
"""Publisher ID, and a customer's or a transaction's ID."""

LEASE_SECONDS = 15.0
"""A claim's time. One that is slower does its work twice, which harms nothing; one that died delays it by this."""

_CLAIM = text("""
    WITH due AS (
        SELECT publisher_id, customer_id FROM search_dirty WHERE due_at <= clock_timestamp()
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE search_dirty claimed SET due_at = clock_timestamp() + make_interval(secs => :seconds) FROM due
    WHERE claimed.publisher_id = due.publisher_id AND claimed.customer_id = due.customer_id
    RETURNING claimed.publisher_id, claimed.customer_id
""")
_KEYS = "unnest(CAST(:publishers AS text[]), CAST(:customers AS text[])) AS key (publisher_id, customer_id)"
_READ = text(f"""
    SELECT c.publisher_id, c.customer_id, NULL AS owner, {merged("c")} AS state, c.deleted, c.doc_version,
        c.erased_at IS NOT NULL AND c.erasure_confirmed_at IS NULL AS to_confirm
    FROM {_KEYS} JOIN search_customer c ON c.publisher_id = key.publisher_id AND c.customer_id = key.customer_id
    UNION ALL
    SELECT t.publisher_id, t.transaction_id, t.customer_id, t.transaction, t.deleted, t.doc_version, t.deleted
    FROM {_KEYS} JOIN search_transaction t ON t.publisher_id = key.publisher_id AND t.transaction_id = key.customer_id
""")  # noqa: S608 - constants only
_TARGETS = text("SELECT name, normalizer FROM search_target ORDER BY name")
_WRITTEN = """unnest(CAST(:publishers AS text[]), CAST(:customers AS text[]), CAST(:versions AS bigint[]))
    AS written (publisher_id, customer_id, doc_version)"""
_LOCK_ERASED = text(f"""
    SELECT c.publisher_id, c.customer_id
    FROM search_customer c JOIN {_KEYS} ON c.publisher_id = key.publisher_id AND c.customer_id = key.customer_id
    WHERE c.erased_at IS NOT NULL AND c.erasure_confirmed_at IS NULL
    ORDER BY c.publisher_id, c.customer_id FOR UPDATE OF c
""")  # noqa: S608
_LOCK = text(f"""
    SELECT d.publisher_id, d.customer_id, d.marked_at,
        d.doc_version <= written.doc_version
            AND ARRAY(SELECT name FROM search_target ORDER BY name) = CAST(:targets AS text[]) AS done
    FROM search_dirty d JOIN {_WRITTEN} ON d.publisher_id = written.publisher_id
        AND d.customer_id = written.customer_id
    ORDER BY d.publisher_id, d.customer_id FOR UPDATE OF d
""")  # noqa: S608
_CLEAR = text(f"""
    DELETE FROM search_dirty d USING {_KEYS} WHERE d.publisher_id = key.publisher_id AND d.customer_id = key.customer_id
""")  # noqa: S608
# Whoever locks a customer sees which marks those before it cleared: the one who clears the last one confirms.
_CONFIRM = text(f"""
    UPDATE search_customer c SET erasure_confirmed_at = :now FROM {_KEYS}
    WHERE c.publisher_id = key.publisher_id AND c.customer_id = key.customer_id
        AND NOT EXISTS (
            SELECT FROM search_dirty d WHERE d.publisher_id = c.publisher_id AND d.customer_id = c.customer_id
        ) AND NOT EXISTS (
            SELECT FROM search_transaction t
            JOIN search_dirty d ON d.publisher_id = t.publisher_id AND d.customer_id = t.transaction_id
            WHERE t.publisher_id = c.publisher_id AND t.customer_id = c.customer_id
        )
    RETURNING c.publisher_id, c.customer_id, c.doc_version
""")  # noqa: S608
_RELEASE = text(f"""
    UPDATE search_dirty d SET due_at = clock_timestamp() FROM {_KEYS}
    WHERE d.publisher_id = key.publisher_id AND d.customer_id = key.customer_id
""")  # noqa: S608
_POSTPONE = text("""
    UPDATE search_dirty SET attempts = attempts + 1, refusal = :refusal, due_at = clock_timestamp()
        + make_interval(secs => least(:seconds * power(2, least(attempts, 20)), :longest))
    WHERE publisher_id = :publisher_id AND customer_id = :customer_id AND doc_version <= :doc_version
""")
_FIGURES = text("""
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0), count(refusal)
    FROM search_dirty
""")
_REFUSED = text("""
    SELECT publisher_id, customer_id, refusal FROM search_dirty WHERE refusal IS NOT NULL
    ORDER BY publisher_id, customer_id LIMIT :limit
""")


class OlderThanIndex(Exception):
    """The index was made by a newer version of this code: what this one would write, searches wouldn't find."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A customer, or a transaction of its ``owner``, to be written, as the projection has it.

    ``to_confirm``: its erasure, or that of the customer, may have to be told when it is written.
    """

    publisher_id: str
    id: str
    owner: str | None
    state: Mapping[str, Any] | None
    deleted: bool
    doc_version: int
    to_confirm: bool

    @property
    def key(self) -> Key:
        """Whose it is."""
        return self.publisher_id, self.id


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be written to the indices ``targets``."""

    targets: Sequence[str]
    customers: Sequence[Claimed]


@dataclass(frozen=True, slots=True)
class Figures:
    """How far the index is behind: entries, the age of the oldest in seconds, and how many the engine refuses."""

    entries: int
    oldest_seconds: float
    refused: int


def claim(session: Session, *, limit: int, lease_seconds: float = LEASE_SECONDS) -> Claim:
    """Take up to ``limit`` entries that are due, the longest due first. Nobody else gets them while the lease runs.

    Raises OlderThanIndex.
    """
    keys = [(row[0], row[1]) for row in session.execute(_CLAIM, {"limit": limit, "seconds": lease_seconds})]
    if not keys:
        return Claim((), ())
    # Read after the entries are locked: at least as new as the mark that led here.
    customers = [Claimed(*row) for row in session.execute(_READ, _parameters(keys))]
    targets = session.execute(_TARGETS).all()
    if any(target.normalizer > NORMALIZER_VERSION for target in targets):
        raise OlderThanIndex("restart this process with the version that rebuilt the index")
    return Claim([target.name for target in targets], customers)


def clear(session: Session, *, targets: Sequence[str], written: Sequence[Claimed], now: datetime) -> list[datetime]:
    """The engine has ``written``: drop their entries, and confirm the erasures of whom nothing is left to be written.

    What was marked anew meanwhile, or should have gone to other indices too, stays and is due at once. Answers when
    each dropped entry was marked.
    """
    erased = _lock_erased(session, [customer for customer in written if customer.to_confirm])
    parameters = {**_versions(written), "targets": list(targets)}
    found = {(row.publisher_id, row.customer_id): row for row in session.execute(_LOCK, parameters)}
    done = [key for key, row in found.items() if row.done]
    if done:
        session.execute(_CLEAR, _parameters(done))
    if left := [key for key, row in found.items() if not row.done]:
        session.execute(_RELEASE, _parameters(left))
    confirmed = session.execute(_CONFIRM, {**_parameters(erased), "now": now}).all() if done and erased else ()
    for publisher_id, customer_id, version in sorted(confirmed):
        events.publish_subject_erased(
            session, publisher_id=publisher_id, customer_id=customer_id, doc_version=version, now=now
        )
    return [found[key].marked_at for key in done]


def release(session: Session, keys: Sequence[Key]) -> None:
    """Give claimed entries back: nothing was wrong with them."""
    session.execute(_RELEASE, _parameters(sorted(keys)))


def postpone(
    session: Session, customer: Claimed, *, seconds: float, longest: float, refusal: str | None = None
) -> None:
    """Try an entry again in ``seconds``, twice as long each time up to ``longest``; ``refusal`` says why not before.

    Unless it was marked anew meanwhile: then it's a new document, and has no such past.
    """
    session.execute(
        _POSTPONE,
        {
            "publisher_id": customer.publisher_id,
            "customer_id": customer.id,
            "doc_version": customer.doc_version,
            "seconds": seconds,
            "longest": longest,
            "refusal": refusal,
        },
    )


def figures(session: Session) -> Figures:
    """How far the index is behind the projection."""
    entries, oldest, refused = session.execute(_FIGURES).one()
    return Figures(entries, float(oldest), refused)


def refused(session: Session, *, limit: int = 20) -> list[tuple[str, str, str]]:
    """What the engine won't take: publisher, customer, reason; the first ``limit``."""
    rows = session.execute(_REFUSED, {"limit": limit})
    return [(row.publisher_id, row.customer_id, row.refusal) for row in rows]


def _lock_erased(session: Session, erased: Sequence[Claimed]) -> list[Key]:
    """Erased customers nobody has confirmed yet, locked: before their entries, in the order of the projection."""
    if not erased:
        return []
    owners = sorted({(each.publisher_id, each.owner or each.id) for each in erased})
    return [(row.publisher_id, row.customer_id) for row in session.execute(_LOCK_ERASED, _parameters(owners))]


def _parameters(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"publishers": [publisher for publisher, _ in keys], "customers": [customer for _, customer in keys]}


def _versions(written: Sequence[Claimed]) -> dict[str, Any]:
    keys = _parameters([customer.key for customer in written])
    return {**keys, "versions": [customer.doc_version for customer in written]}

"""Whether search knows of every account and transaction what billing says: billing's own feeds beside the projection.

Read page by page, so any number takes the same memory; what differs at first sight is looked at again, as it may be on
its way.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from servicekit.db.database import Database
from servicekit.feed import FeedItem, FeedPage
from services.billing.queries.feeds import accounts_feed, transactions_feed
from services.search.inbound.account import account_told
from services.search.inbound.reading import UnreadableState
from services.search.inbound.transaction import transaction_told

PAGE = 1_000
_NAMED = 10
_LOOK_SECONDS = 0.25
_ERASED = "EXISTS (SELECT FROM known_customer known WHERE known.customer_id = {}.customer_id AND known.erased)"


class Kind(Enum):
    """What can be wrong with an account or a transaction."""

    MISSING = "are missing in search"
    OLDER = "are known to search as they were before"
    DIFFERENT = "are not in search as billing says, although of the same version"
    NEWER = "are newer in search than at billing"
    NOT_ERASED = "are of customers who were erased, but search still has them"
    ONLY_ERASED = "are erased in search, but not at billing"


@dataclass(frozen=True, slots=True)
class Noun:
    """What billing tells of: how it is fed, counted on both sides, and found in the projection (by IDs)."""

    name: str
    feed: Callable[..., FeedPage]
    due: Callable[[FeedItem], Any]
    owned: TextClause
    projected: TextClause
    rows: TextClause


def _account(item: FeedItem) -> Any:
    return account_told(item.subject, item.version, item.data).state


def _transaction(item: FeedItem) -> Any:
    return transaction_told(item.subject, item.version, item.data).state


NOUNS: Sequence[Noun] = (
    Noun(
        "accounts",
        accounts_feed,
        _account,
        text(f"SELECT count(*) FROM account WHERE NOT {_ERASED.format('account')}"),  # noqa: S608 - constants only
        text("SELECT count(*) FROM search_customer WHERE account_version > 0 AND NOT deleted"),
        text("""
            SELECT customer_id AS id, account_version AS version, account AS state, deleted FROM search_customer
            WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:ids AS text[]))
        """),
    ),
    Noun(
        "transactions",
        transactions_feed,
        _transaction,
        text(f"SELECT count(*) FROM transaction WHERE NOT {_ERASED.format('transaction')}"),  # noqa: S608
        text("SELECT count(*) FROM search_transaction WHERE NOT deleted"),
        text("""
            SELECT transaction_id AS id, version, transaction AS state, deleted FROM search_transaction
            WHERE publisher_id = :publisher_id AND transaction_id = ANY(CAST(:ids AS text[]))
        """),
    ),
)


@dataclass(slots=True)
class Told:
    """How many there are on both sides, and what is wrong: how many of each kind, and the first of them."""

    owned: int = 0
    projected: int = 0
    wrong: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))
    named: dict[Kind, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, kind: Kind, subject: str) -> None:
        """Count one with which this is wrong."""
        self.wrong[kind] += 1
        if len(self.named[kind]) < _NAMED:
            self.named[kind].append(subject)


def compare_billing(
    owner: Database,
    search: Database,
    noun: Noun,
    *,
    quick: bool = False,
    patience: float = 0.0,
    progress: Callable[[int], None] = lambda _items: None,
) -> Told:
    """Compare billing (``owner``, as the role ``system``) with search's projection; ``quick``: only how many.

    What is on its way is waited for, ``patience`` seconds at most in all.
    """
    comparer = _Comparer(owner, search, noun, patience)
    if not quick:
        comparer.compare(progress)
    comparer.count()
    return comparer.result


def what_is_wrong(noun: Noun, item: FeedItem, row: Any | None) -> Kind | None:
    """With one of billing's things, by its row of the projection; None if nothing is."""
    if item.deleted:
        return Kind.NOT_ERASED if row is not None and not row.deleted and row.state is not None else None
    if row is None or (row.version == 0 and not row.deleted):
        return Kind.MISSING
    if row.deleted:
        return Kind.ONLY_ERASED
    if row.version != item.version:
        return Kind.OLDER if row.version < item.version else Kind.NEWER
    try:
        due = noun.due(item)
    except UnreadableState:
        return Kind.DIFFERENT
    return None if _json(due) == _json(row.state) else Kind.DIFFERENT


@dataclass
class _Comparer:
    owner: Database
    search: Database
    noun: Noun
    patience: float
    result: Told = field(default_factory=Told)

    def compare(self, progress: Callable[[int], None]) -> None:
        cursor: str | None = None
        done = 0
        while True:
            page = self._page(cursor)
            wrong = self._judge(page)
            while wrong and self.patience > 0:
                time.sleep(_LOOK_SECONDS)
                self.patience -= _LOOK_SECONDS
                page = self._page(cursor)
                wrong = self._judge(page)
            for subject, kind in wrong.items():
                self.result.note(kind, subject)
            done += len(page.items)
            progress(done)
            cursor = page.next_cursor
            if cursor is None:
                return

    def count(self) -> None:
        while True:
            # Search first: billing is never behind what it has told.
            self.result.projected = _one(self.search, self.noun.projected)
            self.result.owned = _one(self.owner, self.noun.owned)
            if self.result.projected == self.result.owned or self.patience <= 0:
                return
            time.sleep(_LOOK_SECONDS)
            self.patience -= _LOOK_SECONDS

    def _page(self, cursor: str | None) -> FeedPage:
        with self.owner.transaction() as session:
            return self.noun.feed(session, cursor=cursor, limit=PAGE)

    def _judge(self, page: FeedPage) -> Mapping[str, Kind]:
        by_publisher: dict[str, list[FeedItem]] = defaultdict(list)
        for item in page.items:
            by_publisher[item.publisher_id].append(item)
        return dict(self._wrong(by_publisher))

    def _wrong(self, by_publisher: Mapping[str, Sequence[FeedItem]]) -> Iterator[tuple[str, Kind]]:
        with self.search.transaction() as session:
            for publisher_id, items in by_publisher.items():
                rows = _found(session, self.noun, publisher_id, [item.subject for item in items])
                for item in items:
                    kind = what_is_wrong(self.noun, item, rows.get(item.subject))
                    if kind is not None:
                        yield item.subject, kind


def _found(session: Session, noun: Noun, publisher_id: str, ids: Sequence[str]) -> dict[str, Any]:
    asked = {"publisher_id": publisher_id, "ids": list(ids)}
    return {row.id: row for row in session.execute(noun.rows, asked)}


def _one(database: Database, statement: TextClause) -> int:
    with database.transaction() as session:
        return int(session.execute(statement).scalar_one())


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

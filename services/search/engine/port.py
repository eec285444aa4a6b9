"""The search engine as the rest of the service sees it. Adapters: ``opensearch``, ``postgres``.

All adapters pass the conformance suite in ``tests/engine``, and find and rank as ``matching`` defines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import orjson

from services.search.columns import Order
from services.search.documents import CustomerDocument
from services.search.engine.errors import MissingPublisher
from services.search.engine.indices import IN_SERVICE, Collection, Indices
from services.search.folding import storable
from services.search.query.tree import Query, Word
from services.search.text import Tokens
from services.search.transactions import TransactionDocument

IndexEntry = CustomerDocument | TransactionDocument
"""What is written: a document, or a tombstone, of a customer or of a transaction."""

EXACT_TOTAL = 10_000
"""Totals are exact up to here; beyond, the value is this and ``exact`` is false."""

MAX_ID_BYTES = 400
"""Publisher and customer ID together: what fits into an OpenSearch ``_id``."""

After = tuple[int | str | None, str]
"""Position in a result: what the last hit seen is sorted by (its score, or its key of a column) and its customer ID."""


class Outcome(Enum):
    """What became of one written entry."""

    WRITTEN = "written"
    STALE = "stale"
    """A newer version is there already: nothing to do, success."""
    RETRY = "retry"
    """The engine could not take it now (429, 5xx, a missing index); later it may."""
    REFUSED = "refused"
    """The engine will never take it as it is."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one entry; ``reason`` says more when it wasn't taken (without personal data)."""

    publisher_id: str
    id: str
    doc_version: int
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A customer found. ``stored`` is the customer's state as of ``doc_version``; ``key`` what it is sorted by."""

    customer_id: str
    score: int
    doc_version: int
    stored: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """How many match; ``value`` is a lower bound when not ``exact``."""

    value: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in their order: without one by score, then customer ID, both descending.

    ``next_after`` is ``None`` on the last page. ``took`` is the time that the engine worked, in milliseconds.
    """

    hits: tuple[Hit, ...]
    total: Total
    next_after: After | None
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Indexed:
    """A document as it is in the index, tombstones included: for comparing it with what it should be.

    ``owner``: the customer, of a transaction.
    """

    id: str
    doc_version: int
    deleted: bool
    tokens: Mapping[str, Tokens]
    keys: Mapping[str, str]
    stored: Mapping[str, Any]
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionHit:
    """A transaction found, and whose it is. ``stored`` is what it is found by (``transactions``)."""

    id: str
    customer_id: str
    stored: Mapping[str, Any]


class Engine(Protocol):
    """A search engine. Every method raises ``EngineUnavailable`` when it can't be reached or is overloaded, and
    ``EngineRefused`` when it says no for good."""

    @property
    def indices(self) -> Indices:
        """The indices beside each other, for rebuilding and comparing."""

    def ensure(self) -> None:
        """Create what the engine needs, if it isn't there. Doing it again, or at the same time, changes nothing."""

    def ping(self) -> None:
        """Return if the engine answers and can search; raise otherwise."""

    def write(self, entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
        """Take each entry in unless a newer version is there; results in the order of ``entries``.

        An equal version is written again. Tombstones keep older versions out for good. Goes to each of the indices
        ``targets``; the result is that of the one that took it worst. Raises ``MissingPublisher``.
        """

    def search(
        self,
        publisher_id: str,
        query: Query,
        *,
        limit: int,
        after: After | None = None,
        order: Order | None = None,
        exact_total: bool = False,
    ) -> Page:
        """The first ``limit`` hits behind ``after``; ``exact_total``: counted to the end, however many there are.

        Paging goes by keys, not by numbers of rows: nothing is lost or doubled by customers that come or go between
        two pages. One whose own score or key changes meanwhile may move across the position. Raises
        ``MissingPublisher``.
        """

    def find_transactions(self, publisher_id: str, word: Word, *, limit: int) -> list[TransactionHit]:
        """Transactions that ``word`` finds in the attributes it names, of each customer one that it finds best: those
        it finds as a whole first, then the newest. At most ``limit``; where very many match, any of them.

        Raises ``MissingPublisher``.
        """

    def versions(self, publisher_id: str, ids: Iterable[str], targets: Sequence[str] = (IN_SERVICE,)) -> dict[str, int]:
        """``doc_version`` of those customers and transactions that a search sees at this moment (tombstones too); the
        highest where there are several targets."""

    def count(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> int:
        """How many can be found, tombstones not counted."""

    def dump(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> Iterator[Indexed]:
        """Everything of a publisher, by ID; what changes meanwhile in either state. Not fast."""

    def maintain(self) -> None:
        """Clean up what writers that were killed left behind. Cheap when there is nothing; for idle moments."""

    def refresh(self) -> None:
        """Make everything written so far visible to searches at once. For tests and rebuilding: it is expensive."""


def page_of_hits(hits: Sequence[Hit], total: Total, limit: int, order: Order | None, took: float) -> Page:
    """A page of ``limit`` hits made from one more, which tells whether another page follows."""
    last = hits[limit - 1] if len(hits) > limit else None
    if last is None:
        return Page(tuple(hits), total, None, took)
    return Page(tuple(hits[:limit]), total, (last.key if order else last.score, last.customer_id), took)


def refusal(entry: IndexEntry) -> str:
    """Why no engine will ever take ``entry``; empty when it may. Raises ``MissingPublisher``."""
    required(entry.publisher_id)
    names = entry.publisher_id + entry.id
    if not entry.id or storable(names) != names or len(names.encode()) > MAX_ID_BYTES:
        return f"publisher and customer ID must be storable text of at most {MAX_ID_BYTES} bytes together"
    if isinstance(entry, TransactionDocument) and storable(entry.customer_id) != entry.customer_id:
        return "a customer ID must be storable text"
    if not 0 <= entry.doc_version < 2**63:
        return "doc_version must be from 0 to 2**63 - 1"
    try:
        orjson.dumps(entry.stored)
    except TypeError:
        return "what is stored must be JSON, its integers of 64 bits at most"
    return ""


def required(publisher_id: str) -> str:
    """``publisher_id``, or ``MissingPublisher`` when there is none."""
    if not isinstance(publisher_id, str) or not publisher_id.strip():
        raise MissingPublisher
    return publisher_id

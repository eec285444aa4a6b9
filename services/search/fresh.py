"""Hits as the projection has them now: what is shown is never staler than what this service knows.

The index says who may match and in which order; each hit is then read from the projection and matched once more. So
nobody is shown by what they were called before, and nobody who was erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Protocol

from services.search.columns import BY_COLUMN, Order, keys_of
from services.search.documents import CustomerDocument, customer_document, searchable_values, tombstone
from services.search.engine.port import After, IndexEntry
from services.search.matching import Match, match
from services.search.query.tree import Query
from services.search.sections import SHOWN_FIELDS, shown
from services.search.transactions import TransactionDocument, transaction_document


@dataclass(frozen=True, slots=True)
class FreshHit:
    """A customer that matches as of now."""

    customer_id: str
    state: Mapping[str, Any]
    match: Match

    def position(self, order: Order | None) -> After:
        """Where it belongs in the result."""
        key = self.match.score if order is None else BY_COLUMN[order.column].key(self.state)
        return key, self.customer_id

    def to_json(self, fields: Sequence[str] = SHOWN_FIELDS) -> dict[str, Any]:
        """An item of the answer: the customer's public ``fields``, and why it was found."""
        item = {name: shown(self.state, name) for name in fields}
        item["matched"] = [
            {"attribute": reason.attribute, "value": reason.value, "how": reason.how} for reason in self.match.matched
        ]
        item["score"] = self.match.score
        return item


class ProjectedRow(Protocol):
    """A customer, or a transaction of its ``owner``, as the projection has it.

    ``state`` of a customer is what all sections say together, null before the customer's own came and after erasure.
    """

    @property
    def publisher_id(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def state(self) -> Mapping[str, Any] | None: ...
    @property
    def deleted(self) -> bool: ...
    @property
    def doc_version(self) -> int: ...


def indexed_form(row: ProjectedRow) -> IndexEntry:
    """The document that an index should have of a row of the projection; a tombstone if there is nothing to find."""
    if row.deleted or row.state is None:
        return empty_form(row)
    if row.owner is not None:
        return transaction_document(row.publisher_id, row.id, row.owner, row.state, doc_version=row.doc_version)
    return customer_document({**row.state, "publisher_id": row.publisher_id}, doc_version=row.doc_version)


def empty_form(row: ProjectedRow) -> IndexEntry:
    """The document of what must not be found any more."""
    if row.owner is not None:
        return TransactionDocument(row.publisher_id, row.id, row.owner, row.doc_version, deleted=True)
    return tombstone(row.publisher_id, row.id, doc_version=row.doc_version)


def fresh_hit(query: Query, row: ProjectedRow | None) -> FreshHit | None:
    """The customer of a row of the projection, if it matches; a tombstone doesn't."""
    if row is None or row.state is None or row.deleted:
        return None
    return hit_of(query, row.id, row.state)


def hit_of(query: Query, customer_id: str, state: Mapping[str, Any]) -> FreshHit | None:
    """The customer of this state, if it matches."""
    # Only what matching needs: what comes from the projection is storable, and the document isn't stored.
    keys = keys_of(state) if query.asks_columns() else {}
    found = match(query, CustomerDocument("", customer_id, 0, values=searchable_values(state), keys=keys))
    return None if found is None else FreshHit(customer_id, state, found)


def is_behind(position: After, other: After, order: Order | None) -> bool:
    """Whether ``position`` comes later in the result than ``other``."""
    if order is None:
        return position < other
    if position[0] is None or other[0] is None:
        if (position[0] is None) != (other[0] is None):
            return position[0] is None  # empty ones are last in either direction
        left, right = position[1], other[1]
        return left < right if order.descending else left > right
    return position < other if order.descending else position > other


def in_order(hits: Iterable[FreshHit], order: Order | None) -> list[FreshHit]:
    """``hits`` as the result has them."""

    def compare(left: FreshHit, right: FreshHit) -> int:
        left_position, right_position = left.position(order), right.position(order)
        return 0 if left_position == right_position else 1 if is_behind(left_position, right_position, order) else -1

    return sorted(hits, key=cmp_to_key(compare))


def window(
    hits: Iterable[FreshHit], *, limit: int, after: After | None, order: Order | None = None
) -> tuple[list[FreshHit], After | None]:
    """The first ``limit`` of ``hits`` behind ``after``, and where to go on if there are more."""
    behind = [hit for hit in hits if after is None or is_behind(hit.position(order), after, order)]
    page = in_order(behind, order)
    return page[:limit], page[limit - 1].position(order) if len(page) > limit else None

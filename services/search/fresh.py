"""Hits as the projection has them now: what is shown is never staler than what this service knows.

The index says who may match and in which order; each hit is then read from the projection and matched once more. So
nobody is shown by what they were called before, and nobody who was erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.search.documents import CustomerDocument, customer_document, searchable_values, tombstone
from services.search.engine.port import After, IndexEntry
from services.search.inbound import CUSTOMER_FIELDS
from services.search.matching import Match, match
from services.search.query.tree import Query


@dataclass(frozen=True, slots=True)
class FreshHit:
    """A customer that matches as of now."""

    customer_id: str
    state: Mapping[str, Any]
    match: Match

    @property
    def position(self) -> After:
        """Where it belongs in the result."""
        return self.match.score, self.customer_id

    def to_json(self) -> dict[str, Any]:
        """An item of the answer: the customer's public fields, and why it was found."""
        item = {name: self.state.get(name) for name in CUSTOMER_FIELDS}
        item["matched"] = [
            {"attribute": reason.attribute, "value": reason.value, "how": reason.how} for reason in self.match.matched
        ]
        item["score"] = self.match.score
        return item


class ProjectedRow(Protocol):
    """A customer as the projection has it: ``customer`` is the public state, null before any came and after erasure."""

    @property
    def publisher_id(self) -> str: ...
    @property
    def customer_id(self) -> str: ...
    @property
    def customer(self) -> Mapping[str, Any] | None: ...
    @property
    def deleted(self) -> bool: ...
    @property
    def doc_version(self) -> int: ...


def indexed_form(row: ProjectedRow) -> IndexEntry:
    """The document that an index should have of a row of the projection; a tombstone if there is nothing to find."""
    if row.deleted or row.customer is None:
        return tombstone(row.publisher_id, row.customer_id, doc_version=row.doc_version)
    return customer_document({**row.customer, "publisher_id": row.publisher_id}, doc_version=row.doc_version)


def fresh_hit(query: Query, row: ProjectedRow | None) -> FreshHit | None:
    """The customer of a row of the projection, if it matches; a tombstone doesn't."""
    if row is None or row.customer is None or row.deleted:
        return None
    # Only what matching needs: what comes from the projection is storable, and the document isn't stored.
    values = searchable_values(row.customer)
    found = match(query, CustomerDocument(row.publisher_id, row.customer_id, row.doc_version, values=values))
    return None if found is None else FreshHit(row.customer_id, row.customer, found)


def window(hits: Iterable[FreshHit], *, limit: int, after: After | None) -> tuple[list[FreshHit], After | None]:
    """The first ``limit`` of ``hits`` behind ``after``, and where to go on if there are more."""
    behind = sorted(
        (hit for hit in hits if after is None or hit.position < after), key=lambda hit: hit.position, reverse=True
    )
    page = behind[:limit]
    return page, page[-1].position if len(behind) > limit else None

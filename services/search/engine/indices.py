"""The indices of an engine beside each other: the one in service, and the one that a rebuild fills.

Each is of two parts, which come and go together: the customers, and the transactions that customers are found by.

A name stands for an index in the table ``search_target`` and in ``Engine.write``. ``IN_SERVICE`` is whichever index
searches read; an engine that can't have a second one (``postgres``) is rebuilt in place, and has no other name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from services.search.transactions import is_transaction

if TYPE_CHECKING:
    from services.search.engine.port import Indexed

IN_SERVICE = "customers"
"""The index that searches read, and the only one that is written to while nothing is rebuilt."""

PAGE = 1_000
"""Documents read at once."""


class Collection(StrEnum):
    """A part of an index."""

    CUSTOMERS = "customers"
    TRANSACTIONS = "transactions"


class Indices(Protocol):
    """What rebuilding and comparing need of an engine. Every method raises as those of ``Engine`` do."""

    def made_with(self) -> int | None:
        """The ``NORMALIZER_VERSION`` that the index in service was made with; None if it doesn't say."""

    def next_name(self) -> str:
        """The name of the index that a rebuild is to fill: a new one, or ``IN_SERVICE`` where it is done in place."""

    def create(self, name: str) -> bool:
        """Create an index as this version wants it; whether it wasn't there. It can be written to from now on."""

    def in_service(self) -> list[str]:
        """The names of their own of the index in service (several only after somebody's own doing)."""

    def promote(self, name: str, normalizer: int) -> None:
        """Put ``name`` in service, in one step: no search sees none, or both. Doing it again changes nothing.

        ``normalizer``: the version that it was made with.
        """

    def drop(self, name: str) -> None:
        """Delete an index that isn't in service; one that isn't there is fine. Raises ValueError for another one."""

    def spare(self) -> list[str]:
        """Indices of ours that aren't in service: being filled, or kept from before a rebuild."""

    def refresh(self, name: str) -> None:
        """Make everything written so far visible to ``page`` and ``publishers``."""

    def tidy(self, name: str) -> Iterator[int]:
        """Mend what writing every document again doesn't: yields now and then how much was looked at."""

    def publishers(self, name: str) -> list[str]:
        """Those of whom the index has any document, in their order."""

    def page(
        self,
        name: str,
        publisher_id: str,
        *,
        of: Collection = Collection.CUSTOMERS,
        after: str = "",
        limit: int = PAGE,
    ) -> list[Indexed]:
        """The first documents of a part behind the ID ``after``, tombstones too, by ID."""

    def read(self, name: str, publisher_id: str, ids: Iterable[str]) -> dict[str, Indexed]:
        """These customers' and transactions' documents as they were last written, whether a search sees that already or
        not."""

    def forget(self, name: str, publisher_id: str, versions: Mapping[str, int]) -> None:
        """Remove documents of what nobody knows, unless they are newer than the versions given by ID."""


def every_document(
    indices: Indices, name: str, publisher_id: str, of: Collection = Collection.CUSTOMERS
) -> Iterator[Indexed]:
    """All documents of a publisher, by ID, read page by page: what changes meanwhile comes in either state."""
    after = ""
    while page := indices.page(name, publisher_id, of=of, after=after):
        yield from page
        after = page[-1].id


def collection_of(identifier: str) -> Collection:
    """The part that what has this ID is in."""
    return Collection.TRANSACTIONS if is_transaction(identifier) else Collection.CUSTOMERS


def by_collection(ids: Iterable[str]) -> Iterator[tuple[Collection, list[str]]]:
    """``ids``, those of each part together."""
    parts: dict[Collection, list[str]] = {}
    for identifier in ids:
        parts.setdefault(collection_of(identifier), []).append(identifier)
    yield from parts.items()

"""Whether an index is what the projection says: every customer and transaction, every field, tombstones too.

Both sides are read in step, page by page, so any number of customers takes the same memory. Where they differ at
first sight it is looked at again, one statement for the projection and its marks, then the document as it was last
written: so a change that comes in meanwhile is no difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from servicekit.db.database import Database
from services.search import publishers, queries
from services.search.engine.indices import IN_SERVICE, Collection, every_document
from services.search.engine.port import Engine
from services.search.sides import Comparison, Look, in_step, look_at

PAGE = 500
SUSPECTS = 200
"""Looked at again at once."""
_LOOK_SECONDS = 0.05

Mend = Callable[[str, Sequence[Look]], None]
"""Put right what differs at a publisher; it is looked at once more afterwards."""


class _Verdict(Enum):
    SAME = 1
    AGAIN = 2
    WAITING = 3
    REFUSED = 4
    DIFFERENT = 5


def compare(
    database: Database,
    engine: Engine,
    publisher_id: str,
    *,
    index: str = IN_SERVICE,
    patience: float = 0.0,
    mend: Mend | None = None,
    progress: Callable[[int], None] = lambda _customers: None,
) -> Comparison:
    """Compare a publisher's part of the projection with its part of an index, of which all written must be visible.

    What is marked is waited for, ``patience`` seconds at most in all. ``mend`` is given what differs. ``progress``
    is told now and then how many were compared. Raises EngineUnavailable, MissingPublisher.
    """
    comparer = _Comparer(database, engine, publisher_id, index, patience, mend)
    suspects: list[str] = []
    for number, look in enumerate(comparer.looks(), 1):
        if look.same:
            comparer.count(look)
        else:
            suspects.append(look.id)
        if len(suspects) >= SUSPECTS:
            comparer.settle(suspects)
            suspects = []
        if number % PAGE == 0:
            progress(number)
    comparer.settle(suspects)
    return comparer.result


def all_publishers(database: Database, engine: Engine, index: str = IN_SERVICE) -> list[str]:
    """The publishers of whom projection or index have any customer. Raises EngineUnavailable."""
    with queries.reading(database) as connection:
        known = publishers.all_publishers(connection)
    return sorted({*known, *engine.indices.publishers(index)})


@dataclass
class _Comparer:
    database: Database
    engine: Engine
    publisher_id: str
    index: str
    patience: float
    mend: Mend | None
    result: Comparison = field(default_factory=Comparison)

    def looks(self) -> Iterator[Look]:
        """Everybody on either side, by ID, then every transaction."""
        for part in Collection:
            documents = every_document(self.engine.indices, self.index, self.publisher_id, part)
            for identifier, row, document in in_step(self._rows(part), documents):
                yield look_at(identifier, row, document)

    def _rows(self, part: Collection) -> Iterator[Any]:
        after = ""
        while page := self._page(part, after):
            yield from page
            after = page[-1].id

    def _page(self, part: Collection, after: str) -> Sequence[Any]:
        read = queries.customers_after if part is Collection.CUSTOMERS else queries.transactions_after
        with queries.reading(self.database) as connection:
            return read(connection, self.publisher_id, after, PAGE)

    def settle(self, suspects: Sequence[str]) -> None:
        """Find out what is wrong with those who differed at first sight."""
        mended: set[str] = set()
        first = True
        while suspects:
            again: list[str] = []
            different: list[Look] = []
            for look, verdict in self._judge(suspects, first=first):
                if verdict is _Verdict.AGAIN or (verdict is _Verdict.WAITING and self.patience > 0):
                    again.append(look.id)
                elif verdict is _Verdict.DIFFERENT and self.mend and look.id not in mended:
                    different.append(look)
                else:
                    self.count(look, verdict)
            if self.mend and different:
                self.mend(self.publisher_id, different)
                mended |= {look.id for look in different}
            if again:
                time.sleep(_LOOK_SECONDS)
                self.patience -= _LOOK_SECONDS
            suspects = sorted([*again, *(look.id for look in different)])
            first = False

    def _judge(self, ids: Sequence[str], *, first: bool) -> Iterator[tuple[Look, _Verdict]]:
        # The projection first: a document may only be newer than what is seen of it.
        with queries.reading(self.database) as connection:
            rows = queries.rows_and_marks(connection, self.publisher_id, ids)
        documents = self.engine.indices.read(self.index, self.publisher_id, ids)
        lost = self._lost([row for row in rows.values() if row.refusal is not None])
        for identifier in ids:
            row, document = rows.get(identifier), documents.get(identifier)
            look = look_at(identifier, row, document)
            version = -1 if row is None else row.doc_version
            if look.same:
                yield look, _Verdict.SAME
            elif row is not None and row.marked_version is not None and identifier not in lost:
                yield look, _Verdict.WAITING if row.refusal is None else _Verdict.REFUSED
            elif first and document is not None and document.doc_version > version:
                yield look, _Verdict.AGAIN
            else:
                yield look, _Verdict.DIFFERENT

    def _lost(self, refused: Sequence[Any]) -> set[str]:
        """Those of the refused whom the index in service has, and this one hasn't."""
        if self.index == IN_SERVICE or not refused:
            return set()
        present = self.engine.indices.read(IN_SERVICE, self.publisher_id, [row.id for row in refused])
        versions = {identifier: document.doc_version for identifier, document in present.items()}
        return {row.id for row in refused if versions.get(row.id) == row.doc_version}

    def count(self, look: Look, verdict: _Verdict = _Verdict.SAME) -> None:
        """Take a customer into the result."""
        result = self.result
        if look.due is not None:
            result.projection.add(look.due)
        if look.present is not None:
            result.index.add(look.present)
        match verdict:
            case _Verdict.WAITING:
                result.waiting += 1
            case _Verdict.REFUSED:
                result.refused += 1
            case _Verdict.DIFFERENT if look.row is None:
                result.note(result.unexpected, look.id)
            case _Verdict.DIFFERENT if look.present is None:
                result.note(result.missing, look.id)
            case _Verdict.DIFFERENT:
                result.note(result.different, look.id)

"""Whether search knows of every customer what the customers service says: the owner beside the projection.

Both are read in the order of customer IDs, in ranges: of a range whose numbers, versions and erasures make the same
checksum on both sides nothing more is read when it is to be quick, else its customers are compared field by field. So
any number of customers takes the same memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import text

from servicekit.db.database import Database
from services.customers.views import customer_state
from services.search.inbound.customer import customer_told
from services.search.inbound.reading import UnreadableState
from services.search.sides import in_step

RANGE = 5_000
PAGE = 1_000
SUSPECTS = 200
_NAMED = 10
_LOOK_SECONDS = 0.25

_CHECKSUM = "coalesce(sum(('x' || substr(md5({}), 1, 15))::bit(60)::bigint), 0)"
_OWNED_SUM = _CHECKSUM.format("id || ':' || version || ':' || (status = 'anonymized')::text")
_PROJECTED_SUM = _CHECKSUM.format("customer_id || ':' || customer_version || ':' || deleted::text")
_OWNED_RANGE = text(f"""
    SELECT max(id), count(*), {_OWNED_SUM} FROM (
        SELECT id, version, status FROM customer WHERE publisher_id = :publisher_id AND id > :after
        ORDER BY id LIMIT :limit
    ) range
""")  # noqa: S608 - constants only
_PROJECTED_RANGE = text(f"""
    SELECT count(*), {_PROJECTED_SUM} FROM search_customer
    WHERE publisher_id = :publisher_id AND customer_id > :after
        AND (CAST(:upto AS text) IS NULL OR customer_id <= :upto)
""")  # noqa: S608
_OWNED_PAGE = text("""
    SELECT * FROM customer
    WHERE publisher_id = :publisher_id AND id > :after AND (CAST(:upto AS text) IS NULL OR id <= :upto)
    ORDER BY id LIMIT :limit
""")
_PROJECTED_PAGE = text("""
    SELECT customer_id, customer, customer_version, deleted FROM search_customer
    WHERE publisher_id = :publisher_id AND customer_id > :after
        AND (CAST(:upto AS text) IS NULL OR customer_id <= :upto)
    ORDER BY customer_id LIMIT :limit
""")
_OWNED_ONES = text("SELECT * FROM customer WHERE publisher_id = :publisher_id AND id = ANY(CAST(:ids AS text[]))")
_PROJECTED_ONES = text("""
    SELECT customer_id, customer, customer_version, deleted FROM search_customer
    WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:ids AS text[]))
""")
_NEXT = "SELECT min(publisher_id) FROM {} WHERE publisher_id > :publisher_id"
_NEXT_OWNED, _NEXT_PROJECTED = text(_NEXT.format("customer")), text(_NEXT.format("search_customer"))


class Kind(Enum):
    """What can be wrong with a customer."""

    MISSING = "are missing in search"
    OLDER = "are known to search as they were before"
    NOT_ERASED = "were anonymized, but search still knows them"
    DIFFERENT = "are not in search as the customers service says, although of the same version"
    NEWER = "are newer in search than at the customers service"
    EXTRA = "are known to search, but not to the customers service"
    ONLY_ERASED = "are erased in search, but not at the customers service"


@dataclass(slots=True)
class Wrong:
    """How many customers, and the first of them."""

    count: int = 0
    named: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Ownership:
    """What both sides have, and what is wrong with whom."""

    owned: int = 0
    projected: int = 0
    wrong: dict[Kind, Wrong] = field(default_factory=dict)

    def note(self, kind: Kind, customer_id: str) -> None:
        """Count a customer with whom this is wrong."""
        wrong = self.wrong.setdefault(kind, Wrong())
        wrong.count += 1
        if len(wrong.named) < _NAMED:
            wrong.named.append(customer_id)


def compare_owner(
    owner: Database,
    search: Database,
    *,
    quick: bool = False,
    patience: float = 0.0,
    progress: Callable[[int], None] = lambda _customers: None,
) -> Ownership:
    """Compare the customers service (``owner``, as the role ``system``) with search's projection.

    Events on their way are waited for, ``patience`` seconds at most in all.
    """
    comparer = _Comparer(owner, search, quick=quick, patience=patience, progress=progress)
    for publisher_id in sorted({*_publishers(owner, _NEXT_OWNED), *_publishers(search, _NEXT_PROJECTED)}):
        comparer.compare(publisher_id)
    return comparer.result


def classify(owned: Any | None, projected: Any | None) -> Kind | None:
    """What is wrong with a customer, by its rows on both sides; None if nothing is."""
    if owned is None or projected is None:
        return None if owned is projected else Kind.MISSING if projected is None else Kind.EXTRA
    erased = owned.status == "anonymized"
    if erased != projected.deleted:
        return Kind.NOT_ERASED if erased else Kind.ONLY_ERASED
    if owned.version != projected.customer_version:
        return Kind.OLDER if projected.customer_version < owned.version else Kind.NEWER
    try:
        due = None if erased else customer_told(owned.id, owned.version, customer_state(owned)).state
    except UnreadableState:
        return Kind.DIFFERENT
    return None if _json(due) == _json(projected.customer) else Kind.DIFFERENT


@dataclass
class _Comparer:
    owner: Database
    search: Database
    quick: bool
    patience: float
    progress: Callable[[int], None]
    result: Ownership = field(default_factory=Ownership)

    def compare(self, publisher_id: str) -> None:
        """All of one publisher, range by range."""
        after: str | None = ""
        while after is not None:
            limits = {"publisher_id": publisher_id, "after": after, "limit": RANGE}
            ((last, owned, owned_sum),) = _rows(self.owner, _OWNED_RANGE, limits)
            upto = last if owned == RANGE else None  # then whatever the projection has behind it, too
            ((projected, projected_sum),) = _rows(self.search, _PROJECTED_RANGE, {**limits, "upto": upto})
            self.result.owned += owned
            self.result.projected += projected
            if not self.quick or (owned, owned_sum) != (projected, projected_sum):
                self._details({**limits, "upto": upto, "limit": PAGE})
            self.progress(self.result.owned)
            after = upto

    def _details(self, limits: dict[str, Any]) -> None:
        owned = _pages(self.owner, _OWNED_PAGE, limits, "id")
        projected = (
            SimpleNamespace(id=row.customer_id, row=row)
            for row in _pages(self.search, _PROJECTED_PAGE, limits, "customer_id")
        )
        suspects: list[str] = []
        for customer_id, left, right in in_step(owned, projected):
            if classify(left, right and right.row) is not None:
                suspects.append(customer_id)
            if len(suspects) >= SUSPECTS:
                self._settle(limits["publisher_id"], suspects)
                suspects = []
        self._settle(limits["publisher_id"], suspects)

    def _settle(self, publisher_id: str, suspects: Sequence[str]) -> None:
        """Look again, until what is on its way has come."""
        while suspects:
            ids = {"publisher_id": publisher_id, "ids": list(suspects)}
            # Search first: the owner is never behind what it has told.
            projected = {row.customer_id: row for row in _rows(self.search, _PROJECTED_ONES, ids)}
            owned = {row.id: row for row in _rows(self.owner, _OWNED_ONES, ids)}
            found = {
                customer_id: classify(owned.get(customer_id), projected.get(customer_id)) for customer_id in suspects
            }
            wrong = {customer_id: kind for customer_id, kind in found.items() if kind is not None}
            if not wrong or self.patience <= 0:
                for customer_id, kind in wrong.items():
                    self.result.note(kind, customer_id)
                return
            suspects = list(wrong)
            time.sleep(_LOOK_SECONDS)
            self.patience -= _LOOK_SECONDS


def _publishers(database: Database, following: Any) -> Iterator[str]:
    publisher_id = ""
    while True:
        ((publisher_id,),) = _rows(database, following, {"publisher_id": publisher_id})
        if publisher_id is None:
            return
        yield publisher_id


def _pages(database: Database, statement: Any, limits: dict[str, Any], key: str) -> Iterator[Any]:
    after = limits["after"]
    while rows := _rows(database, statement, {**limits, "after": after}):
        yield from rows
        after = getattr(rows[-1], key)


def _rows(database: Database, statement: Any, parameters: dict[str, Any]) -> Sequence[Any]:
    with database.transaction() as session:
        return session.execute(statement, parameters).all()


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

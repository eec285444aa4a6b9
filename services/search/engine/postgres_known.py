"""The SQL for customers who are known to be meant, such as by one of their transactions."""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.search.matching import SCORES
from services.search.query.tree import Reason

_LOOK_UP = 5


class KnownSql:
    """Customers whose IDs are known; those who aren't in the index any more are left out."""

    def __init__(self, number: int, reasons: Sequence[Reason]) -> None:
        best: dict[str, int] = {}
        for reason in reasons:
            best[reason.customer_id] = max(best.get(reason.customer_id, 0), SCORES[reason.how])
        self.width = self.count = len(best)
        self.look_up = _LOOK_UP
        self.parameters: Mapping[str, Any] = {f"known{number}": list(best), f"scores{number}": list(best.values())}
        self._known = f"""unnest(CAST(:known{number} AS text[]), CAST(:scores{number} AS integer[]))
            AS k (customer_id, score)"""

    @property
    def rows(self) -> str:
        return f"""SELECT k.customer_id, k.score FROM {self._known} CROSS JOIN LATERAL (
            SELECT FROM documents WHERE customer_id = k.customer_id AND NOT deleted OFFSET 0) present"""

    @property
    def score_of_one(self) -> str:
        return f"SELECT max(k.score) AS score FROM {self._known} WHERE k.customer_id = r.customer_id"

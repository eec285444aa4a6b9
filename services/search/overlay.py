"""Read your writes: a search waits for a write it was told of, and shows that customer although the index lags."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from servicekit.db.database import Database
from servicekit.ids import is_id
from services.search import queries
from services.search.columns import Order
from services.search.engine.port import After
from services.search.errors import InvalidVersionToken
from services.search.fresh import FreshHit, is_behind
from services.search.sections import CUSTOMER, SECTIONS, Section

_FORM = re.compile(r"([a-z0-9_]{1,40})(?:\.([a-z]{1,20}))?\.(0|[1-9][0-9]{0,17})\Z")
_SECTIONS = {section.told_by: section for section in SECTIONS if section is not CUSTOMER}
MOST_WAITING = 2
_SHORTEST_LOOK, _LONGEST_LOOK = 0.005, 0.05


@dataclass(frozen=True, slots=True)
class VersionToken:
    """A write, as its answer's header ``Version-Token`` names it: a customer, and the version of one of its sections.

    ``cus_….7`` is of the customers service, ``cus_….billing.3`` of billing: 0 before it ever told anything.
    """

    customer_id: str
    version: int
    section: Section = CUSTOMER


def read_token(token: str) -> VersionToken:
    """Raises InvalidVersionToken for what no write returned."""
    form = _FORM.match(token)
    if form is None or not is_id(form[1], "cus"):
        raise InvalidVersionToken
    if form[2] not in _SECTIONS if form[2] else form[3] == "0":
        raise InvalidVersionToken
    return VersionToken(form[1], int(form[3]), CUSTOMER if form[2] is None else _SECTIONS[form[2]])


class Waiting:
    """Waiting for writes, by ``most`` requests of this process at once.

    Each holds a thread, and a token can be made up: the ones beyond are answered at once, as if their time were over.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._places = threading.BoundedSemaphore(most)

    def wait_for(self, database: Database, publisher_id: str, token: VersionToken, seconds: float) -> bool:
        """Wait until the projection has this write, at most ``seconds``; whether it has."""
        if _has(database, publisher_id, token):
            return True
        if seconds <= 0 or not self._places.acquire(blocking=False):
            return False
        try:
            return _look_until(database, publisher_id, token, deadline=time.monotonic() + seconds)
        finally:
            self._places.release()


def _look_until(database: Database, publisher_id: str, token: VersionToken, *, deadline: float) -> bool:
    pause = _SHORTEST_LOOK
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        if _has(database, publisher_id, token):
            return True
        pause = min(2 * pause, _LONGEST_LOOK)
    return False


def _has(database: Database, publisher_id: str, token: VersionToken) -> bool:
    with queries.reading(database) as connection:
        return queries.customer_version(connection, publisher_id, token.customer_id, token.section) >= token.version


def belongs(newcomer: FreshHit, *, after: After | None, next_after: After | None, order: Order | None = None) -> bool:
    """Whether a customer's place is on the page between these positions."""
    position = newcomer.position(order)
    return (after is None or is_behind(position, after, order)) and (
        next_after is None or is_behind(next_after, position, order)
    )


def overlaid(
    hits: Sequence[FreshHit], newcomer: FreshHit, *, limit: int, next_after: After | None, order: Order | None = None
) -> tuple[list[FreshHit], After | None]:
    """A page of the index's ``hits`` with ``newcomer``, whom the index hasn't in its present state, in its place.

    Of a page that was full the last one moves to the next.
    """
    position = newcomer.position(order)
    behind = next(
        (index for index, hit in enumerate(hits) if is_behind(hit.position(order), position, order)), len(hits)
    )
    page = [*hits[:behind], newcomer, *hits[behind:]]
    if len(page) > limit:
        page = page[:limit]
        return page, page[-1].position(order)
    return page, next_after

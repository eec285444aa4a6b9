"""Read your writes: a search waits for a write it was told of, and shows that customer although the index lags."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from servicekit.db.database import Database
from services.search import queries
from services.search.engine.port import After
from services.search.errors import InvalidVersionToken
from services.search.fresh import FreshHit

_FORM = re.compile(r"([!-~]{1,200})\.([1-9][0-9]{0,17})\Z")
_SHORTEST_LOOK, _LONGEST_LOOK = 0.005, 0.05


@dataclass(frozen=True, slots=True)
class VersionToken:
    """A write, as its answer's header ``Version-Token`` names it: a customer and its version."""

    customer_id: str
    version: int


def read_token(token: str) -> VersionToken:
    """Raises InvalidVersionToken for what no write returned."""
    form = _FORM.match(token)
    if form is None:
        raise InvalidVersionToken
    return VersionToken(form[1], int(form[2]))


def wait_for(database: Database, publisher_id: str, token: VersionToken, seconds: float) -> bool:
    """Wait until the projection has this write, at most ``seconds``; whether it has."""
    deadline = time.monotonic() + seconds
    pause = _SHORTEST_LOOK
    while True:
        with queries.reading(database) as connection:
            if queries.customer_version(connection, publisher_id, token.customer_id) >= token.version:
                return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_LOOK)


def belongs(newcomer: FreshHit, *, after: After | None, next_after: After | None) -> bool:
    """Whether a customer's place is on the page between these positions."""
    position = newcomer.position
    return (after is None or position < after) and (next_after is None or position > next_after)


def overlaid(
    hits: Sequence[FreshHit], newcomer: FreshHit, *, limit: int, next_after: After | None
) -> tuple[list[FreshHit], After | None]:
    """A page of the index's ``hits`` with ``newcomer``, whom the index hasn't in its present state, in its place.

    Of a page that was full the last one moves to the next.
    """
    behind = next((index for index, hit in enumerate(hits) if hit.position < newcomer.position), len(hits))
    page = [*hits[:behind], newcomer, *hits[behind:]]
    if len(page) > limit:
        page = page[:limit]
        return page, page[-1].position
    return page, next_after

"""Filling the projection from the feeds of those who tell more of customers, while live events flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from servicekit.bootstrap import Apply, Fetch, bootstrap, forget_bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem
from services.search import projection
from services.search.bootstrap_sections import everybody
from services.search.inbound.transaction import transaction_told
from services.search.projected_transactions import (
    doubt_transactions,
    empty_doubted_transactions,
    project_transactions,
)
from services.search.sections import ACCOUNT, SUMMARY, Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed of the service ``owner``: its path, and what is done with its items.

    ``doubt`` and ``forget`` are given a publisher's customers: before and after it is believed afresh. Tombstones are
    left to the customers service's feed: it says who is erased.
    """

    name: str
    owner: str
    path: str
    apply: Apply
    doubt: Callable[..., object]
    forget: Callable[..., object]


def _apply_section(section: Section, session: Session, items: Sequence[FeedItem]) -> None:
    told = [section.read(item.subject, item.version, item.data) for item in items if not item.deleted]
    projection.project_customers(session, publisher_id=items[0].publisher_id, told=told)


def _apply_transactions(session: Session, items: Sequence[FeedItem]) -> None:
    told = [transaction_told(item.subject, item.version, item.data) for item in items if not item.deleted]
    project_transactions(session, publisher_id=items[0].publisher_id, told=told)


def _of_section(name: str, section: Section) -> Feed:
    return Feed(
        name=name,
        owner=section.told_by,
        path=f"/internal/feed/{name}",
        apply=partial(_apply_section, section),
        doubt=partial(projection.doubt_customers, section=section),
        forget=partial(projection.empty_doubted, section=section),
    )


FEEDS = (
    _of_section("accounts", ACCOUNT),
    Feed(
        name="transactions",
        owner=ACCOUNT.told_by,
        path="/internal/feed/transactions",
        apply=_apply_transactions,
        doubt=doubt_transactions,
        forget=empty_doubted_transactions,
    ),
    _of_section("summaries", SUMMARY),
)


def bootstrap_feed(
    feed: Feed,
    fetch: Fetch,
    app: Database,
    *,
    afresh: bool = False,
    progress: Callable[[int], None] = lambda _items: None,
) -> int:
    """Take all of a feed in; how many items there were. Goes on where it was interrupted.

    ``afresh``: as of customers (``bootstrap_customers``), who are to be there before.
    """
    if not afresh:
        return bootstrap(feed.name, fetch, feed.apply, app, progress=progress)
    for publisher_id, customers in everybody(app):
        with app.transaction(publisher_id) as session:
            feed.doubt(session, publisher_id=publisher_id, customers=customers)
    with app.transaction() as session:
        forget_bootstrap(session, feed.name)
    count = bootstrap(feed.name, fetch, feed.apply, app, progress=progress)
    for publisher_id, customers in everybody(app):
        with app.transaction(publisher_id) as session:
            feed.forget(session, publisher_id=publisher_id, customers=customers)
    return count

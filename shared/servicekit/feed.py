"""The internal feed of an owner's present state, tombstones included, from which others start or start again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select
from sqlalchemy.orm import Session

from servicekit.web.cursors import decode_cursor, encode_cursor

_KIND = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """The state of one aggregate, as its newest event would tell it. A deleted one is a tombstone: no data."""

    subject: str
    publisher_id: str
    version: int
    datasubject: str | None
    deleted: bool
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some items, in the order of their ids, and where to go on; None after the last."""

    items: Sequence[FeedItem]
    next_cursor: str | None

    def to_json(self) -> bytes:
        """As the feed's route answers."""
        return orjson.dumps({"items": [asdict(item) for item in self.items], "next_cursor": self.next_cursor})

    @classmethod
    def from_json(cls, body: bytes) -> FeedPage:
        """Read an answer; unknown attributes are ignored. Raises ValueError if it is no page."""
        try:
            content = orjson.loads(body)
            items = [
                FeedItem(
                    subject=item["subject"],
                    publisher_id=item["publisher_id"],
                    version=int(item["version"]),
                    datasubject=item["datasubject"],
                    deleted=bool(item["deleted"]),
                    data=item["data"],
                )
                for item in content["items"]
            ]
            return cls(items, content["next_cursor"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a page of a feed: {type(error).__name__} {error}") from error


def read_feed(
    session: Session,
    rows: Select[Any],
    *,
    key: ColumnElement[str],
    present: Callable[[Row[Any]], FeedItem],
    cursor: str | None,
    limit: int,
) -> FeedPage:
    """As ``read_feed_together``, for rows that are presented one by one."""
    return read_feed_together(
        session, rows, key=key, present_all=lambda found: [present(row) for row in found], cursor=cursor, limit=limit
    )


def read_feed_together(
    session: Session,
    rows: Select[Any],
    *,
    key: ColumnElement[str],
    present_all: Callable[[Sequence[Row[Any]]], Sequence[FeedItem]],
    cursor: str | None,
    limit: int,
) -> FeedPage:
    """The page of ``rows`` after ``cursor``, by the unique column ``key``. Raises InvalidCursor.

    ``present_all`` is given a page's rows together, so that it can read what belongs to them at once. Rows that are
    there from beginning to end are each on exactly one page. One that appears meanwhile may be on none: its event
    tells of it.
    """
    query = rows.order_by(key).limit(limit + 1)
    if cursor is not None:
        query = query.where(key > decode_cursor(_KIND, cursor, str)[0])
    found = session.execute(query).all()
    items = present_all(found[:limit])
    return FeedPage(items, encode_cursor(_KIND, items[-1].subject) if len(found) > limit else None)

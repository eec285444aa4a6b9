"""Whose customers there are. Crosses publishers, and tells nothing of anybody: for rebuilding and comparing."""

from __future__ import annotations

from sqlalchemy import Connection, text

_NEXT = text("""
    SELECT least((SELECT min(publisher_id) FROM search_customer WHERE publisher_id > :publisher_id),
        (SELECT min(publisher_id) FROM search_transaction WHERE publisher_id > :publisher_id))
""")
_COUNT = text("SELECT (SELECT count(*) FROM search_customer) + (SELECT count(*) FROM search_transaction)")


def next_publisher(connection: Connection, publisher_id: str) -> str | None:
    """The publisher behind ``publisher_id`` (the first for ``""``) of whom the projection has anything."""
    found: str | None = connection.execute(_NEXT, {"publisher_id": publisher_id}).scalar_one()
    return found


def all_publishers(connection: Connection) -> list[str]:
    """All of them, in their order."""
    found: list[str] = []
    while following := next_publisher(connection, found[-1] if found else ""):
        found.append(following)
    return found


def count_entries(connection: Connection) -> int:
    """The customers and transactions of all of them together, tombstones too."""
    return int(connection.execute(_COUNT).scalar_one())

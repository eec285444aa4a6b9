"""Whose customers there are. Crosses publishers, and tells nothing of anybody: for rebuilding and comparing."""

from __future__ import annotations

from sqlalchemy import Connection, text

_NEXT = text("SELECT min(publisher_id) FROM search_customer WHERE publisher_id > :publisher_id")
_COUNT = text("SELECT count(*) FROM search_customer")


def next_publisher(connection: Connection, publisher_id: str) -> str | None:
    """The publisher behind ``publisher_id`` (the first for ``""``) of whom the projection has any customer."""
    found: str | None = connection.execute(_NEXT, {"publisher_id": publisher_id}).scalar_one()
    return found


def all_publishers(connection: Connection) -> list[str]:
    """All of them, in their order."""
    found: list[str] = []
    while following := next_publisher(connection, found[-1] if found else ""):
        found.append(following)
    return found


def count_customers(connection: Connection) -> int:
    """The customers of all of them together, tombstones too."""
    return int(connection.execute(_COUNT).scalar_one())

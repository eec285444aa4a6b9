"""What the list shows, as its address says: what is searched for, how it is sorted, which page."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from services.console.columns import SORTED_BY, Column

_WORD = re.compile(r"[^\W_]\w*")
ADDRESS = "/console/customers"
PAGE_SIZES = (25, 50, 100)
LONGEST_QUERY = 1_000
# Pages before this one that can be gone back to one by one; addresses have an end.
LONGEST_TRAIL = 15


def marked(q: str, position: object) -> tuple[str, str, str]:
    """What was typed, in three: before a mistake, the word or sign at its ``position``, and after it."""
    at = position if isinstance(position, int) and 0 <= position <= len(q) else len(q)
    word = _WORD.match(q, at)
    end = word.end() if word else min(at + 1, len(q))
    return q[:at], q[at:end], q[end:]


@dataclass(frozen=True, slots=True)
class Listing:
    """One view of the list. ``trail`` are the cursors of the pages up to this one, its own last.

    ``usual_sort`` is what it is sorted by where the address says nothing of it.
    """

    q: str = ""
    sort: str | None = None
    usual_sort: str | None = None
    trail: tuple[str, ...] = ()
    page_size: int = 50
    count_all: bool = False

    @classmethod
    def of(
        cls,
        arguments: MultiDict[str, str],
        *,
        sort: str | None,
        page_size: int,
        sortable: Container[str] = SORTED_BY,
    ) -> Listing:
        """What an address asks for; ``sort`` and ``page_size`` where it doesn't say. What it can't mean is left out."""
        usual = sort if sort and sort.removeprefix("-") in sortable else None
        asked = arguments.get("sort", usual)
        size = arguments.get("size", "")
        return cls(
            q=arguments.get("q", "")[: LONGEST_QUERY + 1],
            sort=asked if asked and asked.removeprefix("-") in sortable else None,
            usual_sort=usual,
            trail=tuple(arguments.getlist("at")[-LONGEST_TRAIL:]),
            page_size=int(size) if size in map(str, PAGE_SIZES) else page_size,
            count_all=arguments.get("total") == "exact",
        )

    @property
    def address(self) -> str:
        """Where this view is found again."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [("sort", self.sort or "")] if self.sort != self.usual_sort else []
        pairs += [("total", "exact")] if self.count_all else []
        pairs += [("at", cursor) for cursor in self.trail]
        return f"{ADDRESS}?{urlencode(pairs)}" if pairs else ADDRESS

    def body(self, columns: Sequence[Column]) -> dict[str, Any]:
        """What to ask the search for."""
        asked: dict[str, Any] = {
            "q": self.q,
            "limit": self.page_size,
            "columns": list(dict.fromkeys((*(field for column in columns for field in column.fields), "flags"))),
        }
        if self.sort:
            asked["sort"] = self.sort
        if self.trail:
            asked["cursor"] = self.trail[-1]
        if self.count_all:
            asked["total"] = "exact"
        return asked

    def sorted_by(self, sort: str) -> Listing:
        """The same from its first page on: sorted by this, then the other way, then as at first, best match first."""
        turned = {sort: f"-{sort}", f"-{sort}": None}.get(self.sort or "", sort)
        return replace(self, sort=turned, trail=())

    def next(self, cursor: str) -> Listing:
        """The page after this one."""
        return replace(self, trail=(*self.trail, cursor)[-LONGEST_TRAIL:])

    @property
    def previous(self) -> Listing:
        """The page before this one; the first one where the way back isn't known."""
        return replace(self, trail=self.trail[:-1])

    @property
    def first(self) -> Listing:
        """The first page."""
        return replace(self, trail=())

    def asking(self, q: str) -> Listing:
        """Another search in the same order, from its first page on."""
        return replace(self, q=q, trail=())

    @property
    def everybody(self) -> Listing:
        """Without a search."""
        return replace(self, q="", trail=())

    @property
    def counted(self) -> Listing:
        """With the exact total."""
        return replace(self, count_all=True)

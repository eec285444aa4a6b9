"""Which of a customer's transactions are shown, as the panel's address says: filters, order, page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from services.console.reader import Reader
from services.console.selling import CHANNELS, TRANSACTION_STATUSES

SORTS = ("created_at", "amount")
PAGE_SIZE = 20
USUAL = "-created_at"
# Pages before this one that can be gone back to one by one; addresses have an end.
LONGEST_TRAIL = 15


@dataclass(frozen=True, slots=True)
class Choice:
    """One view of the transactions. ``trail`` are the cursors of the pages up to this one, its own last."""

    status: str = ""
    channel: str = ""
    first: str = ""
    last: str = ""
    sort: str = USUAL
    trail: tuple[str, ...] = ()

    @classmethod
    def of(cls, arguments: MultiDict[str, str]) -> Choice:
        """What an address asks for; what it can't mean is left out."""
        status, channel, sort = (arguments.get(name, "") for name in ("status", "channel", "sort"))
        return cls(
            status=status if status in TRANSACTION_STATUSES else "",
            channel=channel if channel in CHANNELS else "",
            first=_day(arguments.get("first", "")),
            last=_day(arguments.get("last", "")),
            sort=sort if sort.removeprefix("-") in SORTS else USUAL,
            trail=tuple(cursor[:500] for cursor in arguments.getlist("at")[-LONGEST_TRAIL:]),
        )

    def asked(self, reader: Reader) -> dict[str, Any]:
        """What to ask billing for: days are the reader's, from the first one's beginning to the last one's end."""
        return {
            "status": self.status or None,
            "channel": self.channel or None,
            "from": reader.beginning(date.fromisoformat(self.first)).isoformat() if self.first else None,
            "to": reader.end(date.fromisoformat(self.last)).isoformat() if self.last else None,
            "sort": self.sort,
            "cursor": self.trail[-1] if self.trail else None,
            "limit": PAGE_SIZE,
        }

    @property
    def filters(self) -> Mapping[str, str]:
        """What is filtered by."""
        named = {"status": self.status, "channel": self.channel, "first": self.first, "last": self.last}
        return {name: value for name, value in named.items() if value}

    @property
    def is_backwards(self) -> bool:
        """Whether the last day comes before the first."""
        return bool(self.first and self.last and self.last < self.first)

    @property
    def query(self) -> str:
        """The view as the end of an address."""
        pairs = [*self.filters.items(), *([("sort", self.sort)] if self.sort != USUAL else [])]
        pairs += [("at", cursor) for cursor in self.trail]
        return f"?{urlencode(pairs)}" if pairs else ""

    def sorted_by(self, sort: str) -> Choice:
        """The same from its first page on: by this, descending first, then the other way."""
        return replace(self, sort=sort if self.sort == f"-{sort}" else f"-{sort}", trail=())

    def next(self, cursor: str) -> Choice:
        """The page after this one."""
        return replace(self, trail=(*self.trail, cursor)[-LONGEST_TRAIL:])

    @property
    def previous(self) -> Choice:
        """The page before this one; the first one where the way back isn't known."""
        return replace(self, trail=self.trail[:-1])

    @property
    def unfiltered(self) -> Choice:
        """All of them, in the same order."""
        return Choice(sort=self.sort)


def _day(text: str) -> str:
    """A day that there is a day after, in the API's range; empty for anything else."""
    try:
        return text if 1970 <= date.fromisoformat(text).year <= 9998 else ""
    except ValueError:
        return ""

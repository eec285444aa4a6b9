"""What a notification is taken in with, and what to do when it speaks of what isn't known (yet)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from servicekit.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Whose provider it is, when it happened (``at``), and when it is taken in."""

    publisher_id: str
    provider: str
    at: datetime
    now: datetime


class NotKnownYet(Unavailable):
    """It speaks of something that billing hasn't been told of, or isn't sure of: the provider is to tell it again."""

    code = "not_known_yet"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} Send this notification again later.", retry_after=600)

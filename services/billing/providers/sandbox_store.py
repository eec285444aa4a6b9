"""What the sandbox remembers, so that it can be compared with what billing believes. Here: in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Protocol

LOST = "lost"
SETTLED = "settled"
DECLINED = "declined"
PROCESSING = "processing"
VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One order by its idempotency key. ``subject``: the payment method, or for a refund the charge's key.

    ``result`` is one of the words above: a ``lost`` one has not been carried out.
    """

    key: str
    kind: str
    subject: str
    amount_minor: int
    currency: str
    result: str
    code: str = ""


class Ledger(Protocol):
    """The entries while a lock is held."""

    def get(self, key: str) -> Entry | None:
        """The entry with this key."""

    def of(self, kind: str, subject: str) -> list[Entry]:
        """All entries of a kind about a subject."""

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace the one with its key."""


class SandboxStore(Protocol):
    """Where the entries of one publisher are kept."""

    def lock(self, name: str) -> AbstractContextManager[Ledger]:
        """Nobody else holds this lock meanwhile. What was put is kept when the block ends, nothing if it raises."""

    def entries(self, kind: str) -> list[Entry]:
        """All entries of a kind, for comparing."""


class _MemoryLedger:
    def __init__(self, kept: dict[str, Entry]) -> None:
        self._kept = kept
        self.added: dict[str, Entry] = {}

    def get(self, key: str) -> Entry | None:
        return self.added.get(key) or self._kept.get(key)

    def of(self, kind: str, subject: str) -> list[Entry]:
        both = {**self._kept, **self.added}.values()
        return [entry for entry in both if (entry.kind, entry.subject) == (kind, subject)]

    def put(self, entry: Entry) -> None:
        self.added[entry.key] = entry


class MemoryStore:
    """A store that ends with the process."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = RLock()

    @contextmanager
    def lock(self, name: str) -> Iterator[Ledger]:
        with self._lock:
            ledger = _MemoryLedger(self._entries)
            yield ledger
            self._entries.update(ledger.added)

    def entries(self, kind: str) -> list[Entry]:
        with self._lock:
            return [entry for entry in self._entries.values() if entry.kind == kind]

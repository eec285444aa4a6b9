"""What a service can import: for each kind its columns, how its rows are read, and what becomes of a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from servicekit.imports.records import Record
from servicekit.imports.rows import Fault
from servicekit.imports.tables import ImportJob, ImportTables
from servicekit.imports.vocabulary import Vocabulary

Contents = Mapping[int, object]
"""Records by their numbers, as they are to be kept if they are rejected."""


class Row(Protocol):
    """What a record says, as its kind reads it."""

    number: int
    faults: list[Fault]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows came to what."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )

    @property
    def counts(self) -> dict[str, int]:
        """The same by name."""
        return asdict(self)


class NotYet(Exception):
    """A batch can't be worked on before something else has come, which is looked for again after ``seconds``.

    ``awaits`` is kept with the import and given to the next try as ``job.awaits``.
    """

    def __init__(self, *, seconds: float, awaits: Mapping[str, str]) -> None:
        super().__init__(f"awaits {awaits}")
        self.seconds = seconds
        self.awaits = awaits


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    ``read`` makes rows of records. ``work`` decides about rows and, unless it is a dry run, carries that out, all in
    the session's transaction, and keeps what is rejected; it may raise IntegrityError, then everything is decided
    anew, or NotYet. ``most_rows``: so many in a transaction, if not as many as usual: more cost less, and more memory.
    """

    vocabulary: Vocabulary
    read: Callable[[ImportJob, Sequence[Record]], Sequence[Any]]
    work: Callable[[Session, ImportJob, Sequence[Any], Contents, datetime], Tally]
    most_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Imports:
    """What a service imports, by kind, and where it keeps what it needs for it. ``name`` is the service's."""

    name: str
    tables: ImportTables
    kinds: Mapping[str, Kind]

"""Taking a file in: read once, as it comes, and kept as rows. What can be said of it as a whole is said at once.

Content is acknowledged up to the end of a record, and whoever was interrupted goes on from there. What is never to be
stored, passwords above all, is left out before anything is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy.orm import Session

from servicekit.imports.chunks import ChunkBuilder, pack
from servicekit.imports.dialect import SAMPLE_BYTES, Dialect, detect
from servicekit.imports.errors import PartTooSmall, UnreadableFile, UploadClosed, WrongOffset
from servicekit.imports.jobs import find_import
from servicekit.imports.kinds import Imports
from servicekit.imports.layout import Layout, Wishes, lay_out
from servicekit.imports.lines import LONGEST_ROW, Lines
from servicekit.imports.records import Objects, Record, Table, TooBroken
from servicekit.imports.tables import ImportJob, ImportTables
from servicekit.imports.vocabulary import Vocabulary

_SAMPLE_RECORDS = 100
Transaction = Callable[[], AbstractContextManager[Session]]
"""A new transaction of the publisher's own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller says of the file; None is found out."""

    format: str | None
    encoding: str | None
    delimiter: str | None
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Understood:
    """What the file is, and its bytes up to the first record."""

    dialect: Dialect
    layout: Layout
    begins: int
    records: int


def understand(
    blocks: Iterator[bytes], asked: Asked, vocabulary: Vocabulary, *, whole: bool
) -> tuple[Understood, Iterator[bytes]]:
    """Look at the file's beginning; what it is, and all of its bytes again.

    ``whole`` if nothing follows after ``blocks``. Raises UnreadableFile, UnknownColumns, InvalidMapping.
    """
    sample = bytearray()
    for block in blocks:
        sample += block
        if len(sample) >= SAMPLE_BYTES:
            break
    again = chain([bytes(sample)], blocks)
    everything = whole and len(sample) < SAMPLE_BYTES
    dialect = detect(
        bytes(sample),
        format_=asked.format,
        encoding=asked.encoding,
        delimiter=asked.delimiter,
        known=lambda heading: bool(asked.wishes.columns.get(heading)) or vocabulary.knows(heading),
    )
    lines = Lines([bytes(sample[dialect.begins :])], **_lines_options(dialect), whole=everything)
    if dialect.format == "ndjson":
        keys = dict.fromkeys(key for record in islice(Objects(lines), _SAMPLE_RECORDS) for key in _keys(record))
        return Understood(dialect, lay_out(vocabulary, list(keys), asked.wishes, nested=True), dialect.begins, 0), again
    heading = next(iter(Table(lines, delimiter=dialect.delimiter)), None)
    if heading is None or heading.problem is not None:
        reason = "too little of it came" if heading is None else heading.problem
        raise UnreadableFile(f"The first row, which names the columns, can't be read: {reason}")
    layout = lay_out(vocabulary, [str(cell) for cell in heading.content], asked.wishes)
    return Understood(dialect, layout, dialect.begins + heading.size, heading.number), again


def take_in(
    transaction: Transaction,
    imports: Imports,
    *,
    import_id: str,
    publisher_id: str,
    blocks: Iterator[bytes],
    offset: int,
    whole: bool,
    now: Callable[[], datetime],
) -> ImportJob:
    """Keep the content that begins at ``offset`` of the file; the import as it then is, with what was acknowledged.

    With ``whole`` nothing follows, and the import waits to be worked on. Raises ImportNotFound, UploadClosed,
    WrongOffset, PartTooSmall, UnreadableFile.
    """
    tables = imports.tables
    with transaction() as session:
        job = _receiving(session, tables, publisher_id, import_id, offset)
    most_rows = imports.kinds[job.kind].most_rows
    layout = Layout.from_json(job.layout)
    position = job.received_bytes
    builder, records = ChunkBuilder(layout, most_rows), _records(job, layout, blocks, whole=whole)
    try:
        for record in records:
            builder.add(record)
            if builder.is_full:
                position = _keep(transaction, tables, job, builder, position, now())
                builder = ChunkBuilder(layout, most_rows)
    except TooBroken:
        raise UnreadableFile(
            f"After row {job.received_records} so many quotes are not closed that the rest can't be read. Is it CSV?"
        ) from None
    with transaction() as session:
        job = _receiving(session, tables, publisher_id, import_id, position)
        _add(session, tables, job, builder)
        job.received_bytes += records.skipped
        if job.received_bytes == offset and not whole:
            raise PartTooSmall(2 * LONGEST_ROW)
        job.received_records = records.number
        job.status = "waiting" if whole else job.status
        job.received_at = now()
        session.flush()
    return job


def _records(job: ImportJob, layout: Layout, blocks: Iterator[bytes], *, whole: bool) -> Table | Objects:
    dialect = Dialect(**job.dialect)
    lines = Lines(blocks, **_lines_options(dialect), whole=whole)
    if dialect.format == "ndjson":
        return Objects(lines, number=job.received_records)
    width = len(layout.headings)
    return Table(lines, delimiter=dialect.delimiter, width=width, number=job.received_records)


def _keep(
    transaction: Transaction,
    tables: ImportTables,
    job: ImportJob,
    builder: ChunkBuilder,
    position: int,
    now: datetime,
) -> int:
    """Acknowledge a chunk; the position after it. Raises WrongOffset if somebody else sends the same."""
    with transaction() as session:
        job = _receiving(session, tables, job.publisher_id, job.id, position)
        _add(session, tables, job, builder)
        job.received_at = now
        session.flush()
    return job.received_bytes


def _receiving(session: Session, tables: ImportTables, publisher_id: str, import_id: str, position: int) -> ImportJob:
    """The import, locked, if it takes content that begins at ``position``."""
    job = find_import(session, tables, publisher_id, import_id, lock=True)
    if job.status != "receiving":
        raise UploadClosed
    if job.received_bytes != position:
        raise WrongOffset(job.received_bytes)
    return job


def _add(session: Session, tables: ImportTables, job: ImportJob, builder: ChunkBuilder) -> None:
    if not builder.records:
        return
    count = len(builder.records)
    session.add(
        tables.chunks(
            import_id=job.id,
            number=job.received_chunks,
            publisher_id=job.publisher_id,
            rows=count,
            content=pack(builder.records),
        )
    )
    job.received_chunks += 1
    job.received_rows += count
    job.received_records = builder.records[-1].number
    job.received_bytes += builder.size


def _lines_options(dialect: Dialect) -> dict[str, Any]:
    return {"encoding": dialect.encoding, "newline": dialect.newline}


def _keys(record: Record) -> Iterable[str]:
    return record.content if isinstance(record.content, dict) and record.problem is None else ()


def kept(understood: Understood) -> dict[str, Any]:
    """What is kept of it with the import."""
    return {
        "dialect": asdict(understood.dialect),
        "layout": understood.layout.to_json(),
        "received_bytes": understood.begins,
        "received_records": understood.records,
    }


def skipped(blocks: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The same without the first ``count`` bytes."""
    for block in blocks:
        if count >= len(block):
            count -= len(block)
            continue
        yield block[count:]
        count = 0

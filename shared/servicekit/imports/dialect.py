"""How a file is written: its character encoding, CSV or NDJSON, what ends its lines and parts its cells."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from servicekit.imports.errors import UnreadableFile
from servicekit.imports.lines import Lines
from servicekit.imports.records import Table

SAMPLE_BYTES = 65_536
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "windows-1252", "iso-8859-1", "iso-8859-2", "iso-8859-15")
FORMATS = ("csv", "ndjson")
_MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "a zip archive or a spreadsheet (.xlsx)", b"\x28\xb5\x2f\xfd": "zstd"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written. ``begins`` is the number of bytes before its first line (a byte order mark)."""

    format: str
    encoding: str
    newline: str = "\n"
    delimiter: str = ","
    begins: int = 0


def detect(
    sample: bytes, *, format_: str | None, encoding: str | None, delimiter: str | None, known: Callable[[str], bool]
) -> Dialect:
    """The dialect of a file that begins with ``sample``; what is given is not guessed.

    ``known`` tells whether a column's heading is one that means something. Raises UnreadableFile.
    """
    for magic, kind in _PACKED.items():
        if sample.startswith(magic):
            raise UnreadableFile(f"The file is {kind}. Unpack it, or save it as CSV (UTF-8), and send that.")
    encoding, begins = _encoding(sample, encoding)
    text = sample[begins:].decode(encoding, "replace")
    if not text.strip("\ufeff \t\r\n"):
        raise UnreadableFile("The file is empty.")
    newline = "\r" if "\r" in text and "\n" not in text else "\n"
    found = format_ or _format(text)
    if found == "ndjson":
        return Dialect("ndjson", encoding, newline, ",", begins)
    headings = {mark: _heading(sample[begins:], encoding, newline, mark) for mark in DELIMITERS.values()}
    chosen = delimiter or _delimiter(headings, known)
    return Dialect("csv", encoding, newline, chosen, begins)


def _encoding(sample: bytes, given: str | None) -> tuple[str, int]:
    for encoding, mark in _MARKS.items():
        if sample.startswith(mark) and given in (None, encoding):
            return encoding, len(mark)
    if given is not None:
        return given, 0
    if sample[:200].count(0) > len(sample[:200]) // 4:
        raise UnreadableFile(
            "The file seems to be UTF-16 without a byte order mark, or no text at all. Save it as CSV (UTF-8), "
            "or name the encoding: utf-16-le or utf-16-be."
        )
    return "utf-8", 0


def _format(text: str) -> str:
    begins = text.lstrip("\ufeff \t\r\n")
    if begins.startswith("["):
        raise UnreadableFile("The file is a JSON array. Send NDJSON: one object in each line, with no commas between.")
    return "ndjson" if begins.startswith("{") else "csv"


def _heading(sample: bytes, encoding: str, newline: str, delimiter: str) -> Sequence[str]:
    """The first row's cells, if they were parted by ``delimiter``."""
    records = Table(Lines([sample], encoding=encoding, newline=newline), delimiter=delimiter)
    for record in islice(records, 1):
        if record.problem is None:
            return [str(cell) for cell in record.content]
    return []


def _delimiter(headings: dict[str, Sequence[str]], known: Callable[[str], bool]) -> str:
    """The one that gives the most columns that mean something, then the most columns."""

    def worth(mark: str) -> tuple[int, int]:
        return sum(map(known, headings[mark])), len(headings[mark])

    return max(headings, key=worth)

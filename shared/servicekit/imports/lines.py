"""The lines of a stream of bytes: of bounded length, each with the bytes it took, and with what is wrong in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_ROW = 100_000
"""Bytes of a row at the most: over what Python's csv module takes for one cell nothing could be read anyway."""

_WIDE = ("utf-16-le", "utf-16-be")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as text without its end, the bytes it took with its end, and why it can't be taken; None if it can.

    ``ended`` is false for what stands at the end of a file without a line break.
    """

    text: str
    size: int
    problem: str | None = None
    ended: bool = True


class Lines:
    """Lines to look at and to take. What is after the last line break is a line only if the stream is ``whole``."""

    def __init__(self, blocks: Iterable[bytes], *, encoding: str, newline: str = "\n", whole: bool = True) -> None:
        self._encoding = encoding
        self._newline = newline.encode(encoding)
        self.whole = whole
        self._lines = self._split(blocks)
        self._ahead: deque[Line] = deque()

    def peek(self, index: int = 0) -> Line | None:
        """The line ``index`` lines ahead, or None if there is none."""
        while len(self._ahead) <= index:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[index]

    def take(self) -> Line:
        """The next line, which must be there."""
        return self._ahead.popleft()

    def _split(self, blocks: Iterable[bytes]) -> Iterator[Line]:
        pending, skipped = b"", 0
        for block in blocks:
            *ended, pending = self._pieces(pending + block)
            for piece in ended:
                yield self._line(piece, len(self._newline), skipped)
                skipped = 0
            if len(pending) > LONGEST_ROW:  # never more of a line in memory than it may have
                keep = len(pending) % len(self._newline)
                skipped += len(pending) - keep
                pending = pending[len(pending) - keep :]
        if self.whole and (pending or skipped):
            yield self._line(pending, 0, skipped)

    def _pieces(self, data: bytes) -> list[bytes]:
        if self._encoding not in _WIDE:
            return data.split(self._newline)
        pieces, begin, found = [], 0, data.find(self._newline)
        while found >= 0:
            if (found - begin) % 2:  # the halves of two characters
                found = data.find(self._newline, found + 1)
                continue
            pieces.append(data[begin:found])
            begin = found + 2
            found = data.find(self._newline, begin)
        return [*pieces, data[begin:]]

    def _line(self, raw: bytes, end: int, skipped: int) -> Line:
        size = skipped + len(raw) + end
        if size > LONGEST_ROW:
            return Line("", size, f"Longer than {LONGEST_ROW:,} bytes.", bool(end))
        try:
            return Line(raw.decode(self._encoding).removesuffix("\r"), size, None, bool(end))
        except UnicodeDecodeError as error:
            problem = (
                f"Not {self._encoding.upper()}: byte {error.start + 1} of the row. If the whole file is in another "
                "encoding, name it, such as windows-1252."
            )
            text = raw.decode(self._encoding, "replace").removesuffix("\r")
            return Line(text, size, problem, bool(end))

"""The file to import: anything that can be read becomes something that can be read from any place, on disk."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from embedded.import_client import Source

_GZIP = b"\x1f\x8b"
_LONGEST_NAME = 120


class FileProblem(Exception):
    """The file can't be read; the message says why."""


@contextmanager
def opened_source(path: str, options: str) -> Iterator[tuple[Source, str]]:
    """The file at ``path``, ``-`` for standard input, and the name its import has if nobody gives it one.

    What is packed with gzip is unpacked, and what comes through a pipe is kept, in a temporary file. ``options`` are
    part of the digest: another way to import the same file is another import. Raises FileProblem, OSError.
    """
    with ExitStack() as stack:
        file: IO[bytes] = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
        if path == "-" or not stat.S_ISREG(Path(path).stat().st_mode):
            file = stack.enter_context(_kept(file))
        if file.read(2) == _GZIP:
            file.seek(0)
            file = stack.enter_context(_unpacked(file, path))
        size = file.seek(0, 2)
        file.seek(0)
        digest = _digest(file)
        way = hashlib.sha256(options.encode()).hexdigest()[:8]
        name = "stdin" if path == "-" else Path(path).name[:_LONGEST_NAME]
        yield Source(file, size, f"sha256:{digest}:{way}"), f"{name}-{digest[:12]}"


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def _kept(file: IO[bytes]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(file, kept, 1 << 20)
        kept.seek(0)
        yield kept


@contextmanager
def _unpacked(file: IO[bytes], path: str) -> Iterator[IO[bytes]]:
    try:
        with gzip.GzipFile(fileobj=file) as packed, _kept(packed) as kept:  # type: ignore[arg-type]
            yield kept
    except (EOFError, gzip.BadGzipFile) as error:
        raise FileProblem(f"{path} is packed with gzip and damaged, or cut off: {error}") from None

"""How a file is written is found out from its beginning."""

from __future__ import annotations

import codecs
import gzip

import pytest

from servicekit.imports.dialect import Dialect, detect
from servicekit.imports.errors import UnreadableFile


def found(sample: bytes, **given: str) -> Dialect:
    return detect(
        sample,
        format_=given.get("format"),
        encoding=given.get("encoding"),
        delimiter=given.get("delimiter"),
        known=lambda heading: heading in ("email", "name", "city"),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_sense(delimiter: str) -> None:
    heading = delimiter.join(["email", "name", "a,b;c\td|e".replace(delimiter, "")])
    assert found(heading.encode() + b"\n").delimiter == delimiter


def test_a_single_column_needs_none() -> None:
    assert found(b"email\na@example.com\n").delimiter == ","


def test_a_given_delimiter_is_not_doubted() -> None:
    assert found(b"email,name\n", delimiter=";").delimiter == ";"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)],
)
def test_a_byte_order_mark_tells_the_encoding(encoding: str, mark: bytes) -> None:
    dialect = found(mark + "email;name\r\n".encode(encoding))
    assert dialect == Dialect("csv", encoding, "\n", ";", len(mark))


def test_old_line_ends() -> None:
    assert found(b"email,name\ra@example.com,A\r").newline == "\r"


def test_objects() -> None:
    assert found(b'\n {"email": "a@example.com"}\n').format == "ndjson"
    assert found(b'{"email"}\n', format="csv").format == "csv"


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t\n", "empty"),
        (gzip.compress(b"email\n", mtime=0), "gzip"),
        (b"PK\x03\x04xl/workbook", "spreadsheet"),
        (b'[{"email": "a@example.com"}]', "JSON array"),
        ("email,name\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
    ],
    ids=repr,
)
def test_what_is_neither_says_what_it_is(sample: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        found(sample)

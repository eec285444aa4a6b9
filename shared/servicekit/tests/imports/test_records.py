"""Reading records: whatever is broken costs the row it is in, and nothing is lost track of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.imports.lines import LONGEST_ROW, Lines
from servicekit.imports.records import Objects, Record, Table, TooBroken


def table(content: bytes, *, width: int | None = 2, whole: bool = True, encoding: str = "utf-8") -> list[Record]:
    return list(Table(Lines([content], encoding=encoding, whole=whole), delimiter=",", width=width))


def shown(records: list[Record]) -> list[object]:
    """Cells of good records, and of bad ones their numbers."""
    return [record.content if record.problem is None else record.number for record in records]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
        (b"a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        (b"a,b\nc,d", [["a", "b"], ["c", "d"]]),
        (b'"a,1","b ""x"""\n', [["a,1", 'b "x"']]),
        (b'a,"b\nb"\nc,d\n', [["a", "b\nb"], ["c", "d"]]),
        (b'a,5" pipe\n', [["a", '5" pipe']]),
        (b"a,b,,\nc,d\n", [["a", "b"], ["c", "d"]]),
        (b"\n\na,b\n ,\n,\n\nc,d\n", [["a", "b"], ["c", "d"]]),
        (b"a\nc,d\n", [1, ["c", "d"]]),
        (b"a,b,c\nc,d\n", [1, ["c", "d"]]),
        (b"a,\xff\nc,d\n", [1, ["c", "d"]]),
        (b"a,b\x00\nc,d\n", [["a", "b\x00"], ["c", "d"]]),
        (b'a,"b\nc,d\ne,f\n', [1, ["c", "d"], ["e", "f"]]),
        (b'a,"b"x\nc,d\n', [1, ["c", "d"]]),
        (b'a,"b\nc,d\n"e",f\n', [1, ["c", "d"], ["e", "f"]]),
        (b'a,"b\nc,d\ne,"f"\n', [1, ["c", "d"], ["e", "f"]]),
        (b'a,"b\n' + b"c,d\n" * 40_000, [1, *[["c", "d"]] * 40_000]),
        (b"a," + b"x" * 200_000 + b"\nc,d\n", [1, ["c", "d"]]),
        (b"a,b\nc,d\ne,", [["a", "b"], ["c", "d"], ["e", ""]]),
        (b"a,b\nc", [["a", "b"], 2]),
        (b'a,b\nc,"d', [["a", "b"], 2]),
        (b"", []),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_rows(content: bytes, expected: list[object]) -> None:
    assert shown(table(content)) == expected


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    assert [record.number for record in table(b'a,b\n\nc,"d\nd"\ne,f\n')] == [1, 3, 4]


def test_sizes_lead_from_record_to_record() -> None:
    content = b'\na,b\r\n\nc,"d\nd"\ne,\xff\n"f,\ng,h\n'
    begin = 0
    for record in table(content):
        (again, *_rest) = table(content[begin:])
        assert again.content == record.content
        begin += record.size
    assert begin == len(content)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "windows-1252", "iso-8859-1"])
def test_other_encodings(encoding: str) -> None:
    content = 'Müller,"a\nb"\r\nÊ,Ċ\n'.replace("Ċ", "ÿ").encode(encoding)
    records = table(content, encoding=encoding)
    assert shown(records) == [["Müller", "a\nb"], ["Ê", "ÿ"]]
    assert sum(record.size for record in records) == len(content)


def test_a_line_feed_within_two_bytes_of_utf_16_ends_no_line() -> None:
    text = "਀a,ਊb\nc,d\n"  # U+0A00 and U+0A0A hold the byte of a line feed
    assert shown(table(text.encode("utf-16-le"), encoding="utf-16-le")) == [["਀a", "ਊb"], ["c", "d"]]


def test_what_is_not_closed_yet_waits_for_more() -> None:
    assert shown(table(b'a,b\nc,"d\n', whole=False)) == [["a", "b"]]
    assert shown(table(b"a,b\nc,d", whole=False)) == [["a", "b"]]


def test_quotes_that_lead_nowhere_all_over_are_given_up() -> None:
    with pytest.raises(TooBroken):
        table(b'x","\n' * 200_000)


# What a cell's carriage returns become depends on who writes the file.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)


@settings(deadline=None, max_examples=200)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8),
    blocks=st.integers(1, 20),
)
def test_what_pythons_csv_module_writes_is_read_as_it_was(rows: list[list[str]], blocks: int) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    content = written.getvalue().encode()

    def pieces() -> Iterator[bytes]:
        for begin in range(0, len(content), blocks):
            yield content[begin : begin + blocks]

    records = list(Table(Lines(pieces(), encoding="utf-8"), delimiter=",", width=2))
    kept = [row for row in rows if any(cell and not cell.isspace() for cell in row)]
    assert [record.content for record in records] == kept


def objects(content: bytes) -> list[Record]:
    return list(Objects(Lines([content], encoding="utf-8")))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "Not a JSON object"),
        (b'"x"', "Not a JSON object"),
        (b"{", "not JSON: line 1"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 99999999999999999999999}', "beyond 64 bits"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "deeper than 32"),
        (b'{"a": "\xff"}', "Not UTF-8"),
        (b'{"a": "' + b"x" * LONGEST_ROW + b'"}', "Longer than"),
    ],
    ids=repr,
)
def test_a_line_that_is_no_object_is_the_only_one_lost(line: bytes, reason: str) -> None:
    first, bad, last = objects(b'{"a": 1}\n' + line + b'\n\n{"a": 2}')
    assert (first.content, last.content, last.number) == ({"a": 1}, {"a": 2}, 4)
    assert bad.number == 2
    assert reason in str(bad.problem)


def test_memory_holds_no_more_of_a_line_than_a_row_may_have() -> None:
    lines = Lines((b"x" * 65_536 for _ in range(1000)), encoding="utf-8")
    line = lines.peek()
    assert line is not None
    assert (line.text, line.size) == ("", 65_536_000)

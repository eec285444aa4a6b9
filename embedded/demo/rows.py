"""Made-up customers as files that ``./accounts import`` takes: its canonical columns, streamed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import IO

import orjson

from embedded.demo.people import DemoCustomer

COLUMNS = DemoCustomer._fields[: DemoCustomer._fields.index("last_login_at") + 1]


def write_csv(people: Iterable[DemoCustomer], file: IO[bytes]) -> None:
    """CSV (RFC 4180, but lines end in a line feed alone) in UTF-8, with a header line; empty is unknown."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(person[: len(COLUMNS)] for person in people)
    text.flush()
    text.detach()


def write_ndjson(people: Iterable[DemoCustomer], file: IO[bytes]) -> None:
    """One JSON object a line; what isn't known is left out."""
    for person in people:
        known = {name: value for name, value in zip(COLUMNS, person, strict=False) if value is not None}
        file.write(orjson.dumps(known, option=orjson.OPT_APPEND_NEWLINE))
    file.flush()

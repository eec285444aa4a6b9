"""``./accounts demo``: files that the import takes, of any size."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from embedded.demo.people import customers

HEADER = (
    "email,first_name,last_name,company,birthdate,phone,language,currency,country,"
    "line1,line2,city,state,postal_code,external_id,registered_at,last_login_at"
)
COLUMNS = HEADER.split(",")
COMMAND = [sys.executable, "-P", "-m", "embedded.demo"]


def run(*arguments: str) -> str:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=True, encoding="utf-8").stdout


def test_csv_has_the_canonical_columns_and_reads_back() -> None:
    rows = list(csv.DictReader(run("--count", "300", "--seed", "5").splitlines()))
    assert list(rows[0]) == COLUMNS
    for row, person in zip(rows, customers(300, seed=5), strict=True):
        assert row == {name: getattr(person, name) or "" for name in COLUMNS}


def test_ndjson_leaves_out_what_is_not_known() -> None:
    rows = [json.loads(line) for line in run("--count", "300", "--format", "ndjson").splitlines()]
    for row, person in zip(rows, customers(300), strict=True):
        assert row == {name: getattr(person, name) for name in COLUMNS if getattr(person, name) is not None}


def test_the_day_moves_with_as_of() -> None:
    rows = list(csv.DictReader(run("--count", "500", "--as-of", "2024-02-29").splitlines()))
    assert "2024-02-28T22" < max(row["last_login_at"] for row in rows) <= "2024-02-29T00:00:00Z"


def test_none_are_a_header_alone() -> None:
    assert run("--count", "0") == f"{HEADER}\n"
    assert run("--count", "0", "--format", "ndjson") == ""


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    run("--count", "50", "--output", str(file))
    assert len(file.read_text(encoding="utf-8").splitlines()) == 51
    assert run("--count", "50") == file.read_text(encoding="utf-8")
    failed = subprocess.run([*COMMAND, "--output", str(tmp_path / "no" / "x.csv")], capture_output=True, text=True)
    assert failed.returncode == 2
    assert "no" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("wrong", [("--count", "-1"), ("--format", "xml"), ("--as-of", "yesterday"), ("--seed", "x")])
def test_wrong_usage_is_refused(wrong: tuple[str, str]) -> None:
    refused = subprocess.run([*COMMAND, *wrong], capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_it_streams_a_billion_in_little_memory_and_ends_with_its_reader(form: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "--count", "1000000000", "--format", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(2_000):
            process.stdout.readline()
        before = psutil.Process(process.pid).memory_info().rss
        for _ in range(40_000):
            process.stdout.readline()
        assert psutil.Process(process.pid).memory_info().rss < before + 8_000_000
        process.stdout.close()
        process.wait(20)
        assert b"Traceback" not in process.stderr.read()

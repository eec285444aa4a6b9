"""What ./accounts doctor says of a data directory, without its database."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded import doctor
from embedded.state import Credentials, write_credentials, write_private


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "CUSTOMERS_DATABASE_URL_APP"):
        monkeypatch.delenv(name, raising=False)


def _problems(directory: Path) -> list[str]:
    return [finding.what for finding in doctor.examine_directory(directory) if not finding.well]


def test_no_directory_says_how_to_make_one(tmp_path: Path) -> None:
    (told,) = doctor.examine(tmp_path / "none")

    assert not told.well
    assert "./accounts up" in told.remedy
    assert not (tmp_path / "none").exists()


def test_an_unfinished_first_start_is_told(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "s")

    assert _problems(tmp_path) == ["the first start was not completed"]


def test_secrets_that_others_can_read_and_damaged_credentials_are_told(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "s")
    write_credentials(tmp_path, Credentials("a@example.com", "p", "k"))
    assert _problems(tmp_path) == []

    (tmp_path / "secret").chmod(0o644)
    (tmp_path / "credentials").write_text("{")

    problems = _problems(tmp_path)
    assert any(f"others can read {tmp_path / 'secret'}" in problem for problem in problems)
    assert any("damaged" in problem for problem in problems)


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    write_credentials(tmp_path, Credentials("a@example.com", "p", "k"))

    assert any("secret is missing" in problem for problem in _problems(tmp_path))


def test_credentials_whose_database_is_gone_are_told_and_none_is_made(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "s")
    write_credentials(tmp_path, Credentials("a@example.com", "p", "k"))

    problems = [finding.what for finding in doctor.examine(tmp_path) if not finding.well]

    assert any("the database is missing" in problem for problem in problems)
    assert not (tmp_path / "postgres").exists()

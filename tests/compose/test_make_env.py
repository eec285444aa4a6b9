"""deploy/compose/make-env makes the secrets that docker-compose.yml asks for, once."""

from __future__ import annotations

import hashlib
import stat
import subprocess
from pathlib import Path

from tests.compose.compose_file import FILE, ROOT, required_variables

MAKE_ENV = ROOT / "deploy" / "compose" / "make-env"


def make(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MAKE_ENV, file], capture_output=True, text=True, check=False)


def read(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_it_makes_exactly_what_is_asked_for(tmp_path: Path) -> None:
    assert make(tmp_path / ".env").returncode == 0
    assert read(tmp_path / ".env").keys() == required_variables(FILE.read_text())


def test_every_secret_is_long_and_another_one(tmp_path: Path) -> None:
    make(tmp_path / "one")
    make(tmp_path / "two")
    values = [*read(tmp_path / "one").values(), *read(tmp_path / "two").values()]
    assert len(set(values)) == len(values)
    # Hexadecimal: nothing that an address would have to escape.
    assert all(len(value) == 64 and set(value) <= set("0123456789abcdef") for value in values)


def test_the_hash_is_of_the_secret(tmp_path: Path) -> None:
    make(tmp_path / ".env")
    made = read(tmp_path / ".env")
    digest = hashlib.sha256(made["SEARCH_CLIENT_SECRET"].encode()).hexdigest()
    assert made["SEARCH_CLIENT_SECRET_SHA256"] == digest


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    make(tmp_path / ".env")
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEPT=1\n")
    refused = make(tmp_path / ".env")
    assert refused.returncode == 1
    assert "nothing changed" in refused.stderr
    assert (tmp_path / ".env").read_text() == "KEPT=1\n"


def test_what_a_newer_version_needs_is_added_and_nothing_else_changes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    make(file)
    older = "".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith("BILLING_"))
    file.write_text(older)

    added = subprocess.run([MAKE_ENV, "--add", file], capture_output=True, text=True, check=False)

    assert added.returncode == 0, added.stderr
    assert file.read_text().startswith(older)
    assert read(file).keys() == required_variables(FILE.read_text())
    secret = read(file)["BILLING_CLIENT_SECRET"]
    assert read(file)["BILLING_CLIENT_SECRET_SHA256"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in added.stderr


def test_adding_to_what_has_everything_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    make(file)
    before = file.read_text()
    again = subprocess.run([MAKE_ENV, "--add", file], capture_output=True, text=True, check=False)
    assert (again.returncode, file.read_text()) == (0, before)
    missing = subprocess.run([MAKE_ENV, "--add", tmp_path / "none"], capture_output=True, text=True, check=False)
    assert missing.returncode == 1
    assert not (tmp_path / "none").exists()

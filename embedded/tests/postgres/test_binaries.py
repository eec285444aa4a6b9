"""Which PostgreSQL is run: the one whose data it is, then the one recorded, then the wheel's, then the system's."""

import json
import sys
from pathlib import Path

import pytest

from embedded import postgres_binaries
from embedded.postgres_binaries import Binaries, find_binaries, record_binaries
from embedded.postgres_errors import NoPostgresBinaries, WrongMajorVersion


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only PostgreSQL versions of this machine: made by `install`."""
    monkeypatch.setattr(postgres_binaries, "SYSTEM_LOCATIONS", (f"{tmp_path}/*/bin",))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


def install(home: Path, version: str, *, works: bool = True) -> Path:
    path = home / version / "bin"
    path.mkdir(parents=True)
    (path / "initdb").touch()
    says = f"print('postgres (PostgreSQL) {version}')" if works else "raise SystemExit('wrong machine')"
    (path / "postgres").write_text(f"#!{sys.executable}\n{says}\n")
    (path / "postgres").chmod(0o755)
    return path


def data_of(home: Path, major: int) -> Path:
    cluster = home / "data" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text(f"{major}\n")
    return home / "data"


def test_the_newest_for_new_data(system: Path) -> None:
    for version in ("15.9", "17.2", "16.1"):
        install(system, version)
    found = find_binaries(system / "data")
    assert (found.major, found.version, found.origin) == (17, "17.2", "system")


def test_the_version_that_made_the_data(system: Path) -> None:
    for version in ("15.9", "17.2"):
        install(system, version)
    assert find_binaries(data_of(system, 15)).version == "15.9"


def test_data_of_a_version_that_is_not_here(system: Path) -> None:
    install(system, "17.2")
    with pytest.raises(WrongMajorVersion, match=r"made by PostgreSQL 16, and the versions here are: 17"):
        find_binaries(data_of(system, 16))


def test_none_at_all_says_what_to_do(system: Path) -> None:
    install(system, "14.1")  # too old
    install(system, "18.1", works=False)
    with pytest.raises(NoPostgresBinaries, match=r"apt install postgresql.*DATABASE_URL.*18\.1"):
        find_binaries(system / "data")


def test_what_was_recorded_is_used_again(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = install(system, "17.2")
    wheel = Binaries(path=Path("/wheel"), major=17, origin="wheel", version="17.4")
    monkeypatch.setattr(postgres_binaries, "_of_wheel", lambda _: [wheel])
    directory = data_of(system, 17)
    assert find_binaries(directory) == wheel
    record_binaries(directory, Binaries(path=path, major=17, origin="system", version="17.2"))
    assert json.loads((directory / "binaries.json").read_text())["origin"] == "system"
    assert find_binaries(directory).origin == "system"

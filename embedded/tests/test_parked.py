"""./accounts parked as its user has it, on a data directory that runs and on one that doesn't."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.installation import Installation
from embedded.postgres import EmbeddedPostgres
from embedded.state import Credentials, read_secret, write_credentials, write_running
from servicekit import clock
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.parking import park


def _parked(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    alone = {name: value for name, value in os.environ.items() if "_URL" not in name}
    command = [sys.executable, "-m", "embedded.parked", "--data", str(data), *arguments]
    return subprocess.run(command, env=alone, capture_output=True, text=True, check=False)


def _confirmation() -> bytes:
    """Of an anonymization that nobody asked for: handled, and nothing comes of it."""
    customer = new_id("cus")
    return Event(
        id=new_id("evt"),
        type="search.subject.erased.v1",
        source="/search",
        subject=customer,
        datasubject=customer,
        time=clock.now(),
        publisher_id=new_id("pub"),
        aggregate_version=1,
        data={"customer_id": customer, "service": "search"},
    ).to_json()


@pytest.mark.slow
def test_what_is_parked_is_shown_replayed_and_dropped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    secret = read_secret(data)
    with EmbeddedPostgres(data / "postgres") as url:
        installation = Installation(url, secret)
        installation.prepare()
        write_credentials(data, Credentials("a@example.com", "p", "k"))
        write_running(data, url)
        for service, body in (("customers", _confirmation()), ("search", b"no event")):
            system = Database(installation.urls(service).system, pool_size=1)
            with system.transaction() as session:
                park(session, consumer=service, body=body, reason="a bug", tells_of_erasure=True)
            system.close()
        listed = _parked(data, "list")
        assert (listed.returncode, "2 parked." in listed.stdout) == (0, True), listed

    replayed = _parked(data, "replay")
    assert replayed.returncode == 1
    (garbage,) = [line.split()[0] for line in replayed.stdout.splitlines() if "still can't be handled" in line]
    assert "1 handled." in replayed.stdout
    dropped = _parked(data, "drop", garbage)
    assert (dropped.returncode, dropped.stdout) == (0, f"{garbage}  dropped\n"), dropped
    assert "0 parked." in _parked(data, "list").stdout


def test_without_a_data_directory_it_says_how_to_make_one(tmp_path: Path) -> None:
    refused = _parked(tmp_path / "none", "replay")
    assert refused.returncode == 1
    assert refused.stderr.startswith("accounts: there is no data directory")
    assert "./accounts up" in refused.stderr
    assert not (tmp_path / "none").exists()

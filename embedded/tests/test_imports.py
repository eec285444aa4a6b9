"""Where ./accounts import goes and as whom, and what it takes for a file."""

from __future__ import annotations

import gzip
import os
import threading
from pathlib import Path

import click
import httpx2
import pytest

from embedded.import_client import ImportClient, ImportFailed, Source
from embedded.import_source import FileProblem, opened_source
from embedded.imports import _credentials
from embedded.state import Credentials, write_address, write_credentials


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_credentials(tmp_path, Credentials("owner@example.com", "secret", "ak_live_of_this_directory"))
    return tmp_path


def test_by_default_it_is_the_product_on_this_machine(directory: Path) -> None:
    assert _credentials(None, None, directory) == ("http://127.0.0.1:8080", "ak_live_of_this_directory")
    write_address(directory, "http://127.0.0.1:9000")
    assert _credentials(None, None, directory) == ("http://127.0.0.1:9000", "ak_live_of_this_directory")


def test_the_local_key_goes_to_no_other_machine(directory: Path) -> None:
    with pytest.raises(click.UsageError, match="There is no API key"):
        _credentials("https://accounts.example.com", None, directory)
    assert _credentials("https://accounts.example.com", "k", directory) == ("https://accounts.example.com", "k")


def test_without_a_key_it_says_where_there_could_be_one(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match=r"start \./accounts up"):
        _credentials(None, None, tmp_path)


def content_of(path: Path | str) -> tuple[bytes, str]:
    with opened_source(str(path), "[]") as (source, name):
        return source.part(0), name


def test_a_file_is_named_for_itself_and_its_content(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"email\n")
    content, name = content_of(file)
    assert (content, name[:11], len(name)) == (b"email\n", "people.csv-", 23)
    (tmp_path / "packed.csv").write_bytes(gzip.compress(b"email\n"))
    assert content_of(tmp_path / "packed.csv") == (b"email\n", f"packed.csv-{name[-12:]}")
    file.write_bytes(b"Email\n")
    assert content_of(file)[1] != name


def test_other_options_are_another_way_to_import_the_same(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"email\n")
    digests = set()
    for options in ("[]", '[["dry_run", "true"]]'):
        with opened_source(str(tmp_path / "f"), options) as (source, _name):
            digests.add(source.digest)
    assert len(digests) == 2


def test_a_pipe_is_a_file_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"email\n",))
    writer.start()
    assert content_of(tmp_path / "pipe")[0] == b"email\n"
    writer.join()


def test_a_damaged_packed_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"email\n" * 1000)[:-12])
    with pytest.raises(FileProblem, match="damaged, or cut off"):
        content_of(tmp_path / "f.gz")


def _silent(_job: object) -> None:
    """Show nothing."""


class Flaky:
    """A server that fails now and then, and takes what it is sent once."""

    def __init__(self, failures: list[int | Exception]) -> None:
        self.failures = failures
        self.received = b""
        self.jobs = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """What a server with these failures answers."""
        if request.method == "POST" and self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                self._take(request)
                raise failure  # it was done; the answer got lost
            return httpx2.Response(failure, json={"detail": "not now"})
        if request.method == "POST":
            if request.url.path.endswith("/content") and request.url.params["offset"] != str(len(self.received)):
                problem = {"code": "upload_offset_mismatch", "detail": "no", "received_bytes": len(self.received)}
                return httpx2.Response(409, json=problem)
            self._take(request)
        if request.url.path.endswith("imports") and request.method == "GET":
            return httpx2.Response(200, json={"items": []})
        return httpx2.Response(202, json=self.state(request))

    def _take(self, request: httpx2.Request) -> None:
        if not request.url.path.endswith("/content"):
            self.jobs, self.received = 1, b""
        self.received += request.content

    def state(self, request: httpx2.Request) -> dict[str, object]:
        """The import as it is."""
        whole = len(self.received) >= 20_000_000
        return {"id": "imp_1", "status": "waiting" if whole else "receiving", "received_bytes": len(self.received)}


@pytest.mark.parametrize(
    "failures", [[], [503, 429], [httpx2.ReadError("gone")], [502, httpx2.ReadTimeout("late"), 503]], ids=repr
)
def test_what_the_server_does_not_answer_is_sent_again_and_taken_once(
    tmp_path: Path, failures: list[int | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.import_client._PAUSE_SECONDS", (0.001, 0.001))
    content = os.urandom(1000) * 20_000
    (tmp_path / "f").write_bytes(content)
    flaky = Flaky(list(failures))
    client = ImportClient("http://test", "k", transport=httpx2.MockTransport(flaky))
    with (tmp_path / "f").open("rb") as file:
        job = client.send(Source(file, len(content), "d"), [], name="n", tell=_silent)
    assert job["status"] == "waiting"
    assert flaky.received == content


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    monkeypatch.setattr("embedded.import_client._FIRST_PATIENCE_SECONDS", 0.0)
    client = ImportClient("http://test", "k", transport=httpx2.MockTransport(refuse))
    with pytest.raises(ImportFailed, match="http://test doesn't work: refused"):
        client.follow({"id": "imp_1", "status": "running"}, tell=_silent)

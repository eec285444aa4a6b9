"""``./accounts import`` as its user has it: a process, over HTTP through the gateway, until customers are found."""

from __future__ import annotations

import csv
import gzip
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.address_searches import residents
from tests.e2e.commands import Command
from tests.e2e.serving import PATIENCE, Server, served
from tests.e2e.system import Api, System


@pytest.fixture(scope="module")
def server(system: System) -> Iterator[Server]:
    with served(system) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_rests(server: Server) -> Iterator[None]:
    yield
    server.resting.clear()


@pytest.fixture
def command(server: Server, api: Api) -> Command:
    return Command(server, api)


def _until(what: str, check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def _flat(resident: dict[str, Any]) -> dict[str, Any]:
    """A customer with an address as one row."""
    names = ("email", "first_name", "last_name")
    flat = {name: resident[name] for name in names}
    return {**flat, **resident["address"], "external_id": resident["external_ids"][0]["id"]}


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        columns = dict.fromkeys(name for row in rows for name in row)
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_customers_at_real_addresses_are_imported_and_found(
    system: System, api: Api, command: Command, tmp_path: Path, form: str
) -> None:
    rows = [_flat(resident) for resident in residents()]
    file = tmp_path / f"residents.{form}"
    if form == "csv":
        _write_csv(file, rows)
    else:
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    code, said, shown = command.run("customers", file)

    assert (code, said) == (0, "194 of 194 rows: 194 created, 0 updated, 0 unchanged, 0 rejected.\n"), shown
    system.drain()
    missed = []
    for row in rows:
        item = api.get("/v1/search/customers", q=row["external_id"])["items"][0]
        customer = api.get(f"/v1/customers/{item['id']}")
        assert {part: customer["address"][part] for part in row if part in customer["address"]}.items() <= row.items()
        asked = [row["email"], f"{row['first_name']} {row['last_name']}", row.get("city"), row.get("postal_code")]
        missed += [q for q in asked if q and item["id"] not in api.found(q)]
    assert missed == []
    assert api.get("/v1/search/customers", q="")["total"] == {"value": 194, "exact": True}
    system.assert_index_is_right(api.publisher_id)

    code, said, _ = command.run("customers", file)
    assert (code, said) == (0, "194 of 194 rows: 0 created, 0 updated, 194 unchanged, 0 rejected.\n")
    assert system.assembly.step() == 0, "nothing was published"


def test_bare_addresses_are_customers_too(command: Command, api: Api, tmp_path: Path) -> None:
    """The file of addresses as it is: neither IDs nor email addresses, so that each is known by its row."""
    source = Path(__file__).resolve().parents[2] / "services" / "search" / "tests" / "data" / "addresses.jsonl"
    code, said, shown = command.run("customers", source)
    assert (code, said[:29]) == (0, "194 of 194 rows: 194 created,"), shown
    assert "left out: state_code" in shown
    code, said, _ = command.run("customers", source)
    assert (code, "194 unchanged" in said) == (0, True)


def test_rejected_rows_are_written_corrected_and_imported(command: Command, api: Api, tmp_path: Path) -> None:
    rows = [{"Email": "a@example.com", "Country": "DE"}, {"Email": "nobody", "Country": "Atlantis"}]
    rejects = tmp_path / "rejects.csv"
    code, said, shown = command.run("customers", _write_csv(tmp_path / "f.csv", rows), "--rejects", rejects)
    assert code == 3, shown
    assert said.startswith("2 of 2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected.\nRejected rows are in ")
    with rejects.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["row"], row["column"]) == ("3", "Email; Country")
    corrected = {**row, "Email": "b@example.com", "Country": "Denmark"}
    code, said, shown = command.run("customers", _write_csv(tmp_path / "again.csv", [corrected]))
    assert (code, "1 created" in said) == (0, True), shown
    assert "left out" not in shown


def test_a_dry_run_changes_nothing(command: Command, api: Api, tmp_path: Path) -> None:
    file = _write_csv(tmp_path / "f.csv", [{"email": "a@example.com"}, {"email": "nobody"}])
    code, said, _ = command.run("customers", file, "--dry-run")
    assert (code, said.splitlines()[0]) == (
        3, "2 of 2 rows: 1 would be created, 0 would be updated, 0 would be unchanged, 1 would be rejected."
    )  # fmt: skip
    assert api.get("/v1/customers")["items"] == []


def test_from_a_pipe_and_packed(command: Command, api: Api, tmp_path: Path) -> None:
    packed = tmp_path / "f.csv.gz"
    packed.write_bytes(gzip.compress(b"email,plan\na@example.com,gold\n"))
    with packed.open("rb") as file:
        code, said, shown = command.run(
            "customers", "-", "--map", "plan=attributes.plan", "--set", "country=DE", "--name", "n", stdin=file
        )
    assert (code, "1 created" in said) == (0, True), shown
    (customer,) = api.get("/v1/customers")["items"]
    assert (customer["attributes"], customer["country"]) == ({"plan": "gold"}, "DE")
    assert api.get("/v1/customers/imports", name="n")["items"][0]["status"] == "finished"
    packed.write_bytes(packed.read_bytes()[:-9])
    assert command.run("customers", packed)[0] == 1


@pytest.mark.parametrize(
    ("content", "arguments", "code", "message"),
    [
        ("", (), 1, "The file is empty."),
        ("email;shoe\n", (), 1, "1 of 2 columns are not known: 'shoe'"),
        ("email;city\n", ("--delimiter", "comma"), 1, "is the delimiter right"),
        ("email\n", ("--map", "email=mail"), 2, "There is no field 'mail'. Is email meant?"),
        ("email\n", ("--map", "mail=email"), 2, "The file has no column 'mail'"),
        ("email\n", ("--set", "x"), 2, "is not field=value"),
        ("email\n", ("--encoding", "ebcdic"), 2, "encoding"),
        ("email\n", ("--url", "ftp://x"), 2, "not an address"),
        ("email\n", ("--url", "http://127.0.0.1:9", "--api-key", "x"), 1, "doesn't work"),
        ("email\n", ("--api-key", "ak_live_wrong_wrong_wrong"), 1, "not valid"),
        ("[1]", (), 1, "JSON array"),
    ],
)
def test_what_goes_wrong_is_said_and_told_by_the_exit_code(
    command: Command, api: Api, tmp_path: Path, content: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    file = tmp_path / "f.csv"
    file.write_text(content)
    ended, said, shown = command.run("customers", file, *arguments)
    assert (ended, said) == (code, ""), shown
    assert message in shown
    assert "Traceback" not in shown
    assert api.get("/v1/customers/imports")["items"] == []


def test_wrong_usage(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("email\n")
    assert command.run("cheeses", file)[0] == 2
    assert command.run("customers", tmp_path / "nothing")[0] == 2
    assert command.run("customers")[0] == 2
    assert command.run("customers", file, "--rejects", file)[0] == 2


def test_a_key_without_the_right_is_told_what_it_lacks(system: System, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("email\n")
    code, _, shown = Command(server, system.publisher(["customers:write"])).run("customers", file)
    assert code == 1
    assert "This needs the scope customers:import" in shown
    assert "Make a key that has it" in shown


@pytest.mark.slow
def test_killed_while_it_sends_and_while_it_waits_and_run_again_it_ends_the_same(
    command: Command, api: Api, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    with file.open("w") as written:
        written.write("external_id,email,notes\n")
        for number in range(4000):
            written.write(f"{number},p{number}@example.com,{'x' * 8000}\n")
        written.write("7,again@example.com,\n")
    arguments = ("customers", file, "--map", "notes=")

    def job() -> dict[str, Any]:
        return dict((api.get("/v1/customers/imports")["items"] or [{"status": None, "received_bytes": 0}])[0])

    server.resting.set()
    sending = command.start(*arguments)
    _until("some of it is sent", lambda: job()["received_bytes"] > 0)
    sending.send_signal(signal.SIGKILL)
    sending.communicate()
    assert job()["status"] == "receiving"
    waiting = command.start(*arguments)
    _until("all of it is sent", lambda: job()["status"] == "waiting")
    waiting.send_signal(signal.SIGKILL)
    waiting.communicate()
    server.resting.clear()

    code, said, shown = command.run(*arguments)

    assert (code, said.splitlines()[0]) == (
        3, "4001 of 4001 rows: 4000 created, 0 updated, 0 unchanged, 1 rejected."
    ), shown  # fmt: skip
    assert len(api.get("/v1/customers/imports")["items"]) == 1
    code, said, _ = command.run(*arguments)
    assert (code, said.splitlines()[0]) == (3, "4001 of 4001 rows: 0 created, 0 updated, 4000 unchanged, 1 rejected.")


def test_interrupted_it_says_how_it_goes_on(command: Command, api: Api, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("email\na@example.com\n")
    server.resting.set()
    process = command.start("customers", file)
    _until("it waits", lambda: bool(api.get("/v1/customers/imports")["items"]))
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "The same command again goes on" in shown

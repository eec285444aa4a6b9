"""Sending a file: what can be said of it as a whole is said at once, and a broken sending goes on where it broke."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.exceptions import ClientDisconnected

from servicekit import clock
from servicekit.db.database import Database
from servicekit.imports.chunks import unpack
from servicekit.imports.layout import wishes_of
from servicekit.imports.receiving import Asked
from servicekit.imports.starting import Request, start_import
from services.customers.imports.headings import VOCABULARY
from services.customers.imports.kinds import IMPORTS
from services.customers.tests.conftest import Api, editor
from services.customers.tests.imports.conftest import PATH, Imports, counts

ROWS = "".join(f"{number},p{number}@example.com\n" for number in range(6000))
FILE = f"external_id,email\n{ROWS}".encode()


def test_the_answer_says_what_the_file_is_and_where_to_look(imports: Imports, api: Api) -> None:
    answer = imports.send("Email*;Zip;Password Hash\na@example.com;1234;$2y$\n", name="n", set="country=DK", map="Zip=")
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == f"{PATH}/{job['id']}"
    assert api.send("GET", answer.headers["Location"]).json == job
    told = ("waiting", "csv", "semicolon", "utf-8")
    assert (job["status"], job["format"], job["delimiter"], job["encoding"]) == told
    assert job["columns"] == [
        {"column": "Email*", "field": "email", "never_stored": False},
        {"column": "Zip", "field": None, "never_stored": False},
        {"column": "Password Hash", "field": None, "never_stored": True},
    ]
    assert job["constants"] == {"country": "DK"}
    assert job["rows"] == {"received": 1, "done": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0}
    assert job["editor"] == {"id": "key_pub_a", "name": "Key of A", "kind": "api_key"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import_file_unreadable"),
        (b"\n\n  \n", "import_file_unreadable"),
        (b'"email\na@example.com\n', "import_file_unreadable"),
        (b"a@example.com,Anna\nb@example.com,Bo\n", "import_columns_unknown"),
        (b"email,shoe size\na@example.com,41\n", "import_columns_unknown"),
        (b'{"email": "a@example.com", "shoe": 41}\n', "import_columns_unknown"),
        (b"email" + b",x" * 1000 + b"\n", "import_mapping_invalid"),
        (b"\x1f\x8b\x08\x00", "import_file_unreadable"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_file_that_cannot_be_imported_is_refused_and_leaves_nothing(
    imports: Imports, api: Api, content: bytes, code: str
) -> None:
    answer = imports.send(content)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert (api.send("GET", PATH).json or {})["items"] == []


def test_the_wrong_delimiter_is_told(imports: Imports) -> None:
    answer = imports.send("email;city\na@example.com;Ulm\n", delimiter="comma")
    assert answer.status_code == 422
    assert "is the delimiter right" in answer.json["detail"]
    assert "'email;city'" in answer.json["detail"]


@pytest.mark.parametrize(
    ("parameters", "where"),
    [("format=xml", "format"), ("encoding=ebcdic", "encoding"), ("dry_run=maybe", "dry_run"),
     ("surprise=1", "surprise"), (f"name={'x' * 151}", "name"), ("digest=a b", "digest")],
)  # fmt: skip
def test_wrong_options_are_refused(api: Api, parameters: str, where: str) -> None:
    answer = api.send("POST", f"{PATH}?{parameters}", headers={"Content-Type": "text/csv"}, raw=b"email\n")
    assert answer.status_code == 422
    assert (answer.json or {})["errors"][0]["where"] == where


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
    ],
)
def test_only_the_file_itself_is_taken(imports: Imports, headers: dict[str, str]) -> None:
    answer = imports.send(FILE, headers=headers)
    assert answer.status_code == 415


def test_header_only_is_an_import_of_nothing(imports: Imports) -> None:
    job = imports.run("email,city\n")
    assert (job["status"], job["rows"]["received"]) == ("finished", 0)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (codecs.BOM_UTF8 + "email,last_name\r\na@example.com,Müller\r\n".encode(), None),
        (codecs.BOM_UTF16_LE + "email\tlast_name\r\na@example.com\tMüller\r\n".encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + "email,last_name\na@example.com,Müller\n".encode("utf-16-be"), None),
        ("email;last_name\na@example.com;Müller\n".encode("windows-1252"), "windows-1252"),
        (b"email,last_name\ra@example.com,M\xc3\xbcller\r", None),
    ],
)
def test_files_of_other_programs(imports: Imports, content: bytes, encoding: str | None) -> None:
    job = imports.run(content, **({} if encoding is None else {"encoding": encoding}))
    assert counts(job) == (1, 0, 0, 0)
    assert imports.customers()[0]["last_name"] == "Müller"


def test_a_file_is_larger_than_a_body_may_be_elsewhere(imports: Imports) -> None:
    content = "external_id,notes\n" + "".join(f"{number},{'x' * 50_000}\n" for number in range(50))
    assert counts(imports.run(content, map="notes=")) == (50, 0, 0, 0)


def parts(imports: Imports, content: bytes, size: int) -> dict[str, Any]:
    """Send in parts, by what the server says it has."""
    job = imports.send(content[:size], complete="false").json
    while job["status"] == "receiving":
        offset = job["received_bytes"]
        part = content[offset : offset + size]
        answer = imports.append(job["id"], part, offset=offset, complete=str(offset + size >= len(content)).lower())
        assert answer.status_code == 202, answer.text
        assert answer.json["received_bytes"] > offset or answer.json["status"] == "waiting"
        job = answer.json
    return dict(job)


@pytest.mark.parametrize("size", [7_001, 20_011])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF16_LE], ids=["utf-8", "utf-16"])
def test_in_parts_it_is_the_same(imports: Imports, size: int, mark: bytes) -> None:
    content = mark + FILE.decode().encode("utf-16-le") if mark else FILE
    job = parts(imports, content, size)
    assert (job["received_bytes"], job["rows"]["received"]) == (len(content), 6000)
    imports.work()
    assert imports.read(job["id"])["rows"]["created"] == 6000


def test_a_quote_that_is_open_at_the_end_of_a_part_waits_for_the_next(imports: Imports) -> None:
    content = FILE.replace(b"5,p5@example.com", b'5,"p5@example.com').replace(b"8,p8@", b'8,"p8@', 1)
    job = parts(imports, content, 110_000)
    imports.work()
    assert counts(imports.read(job["id"])) == (5998, 0, 0, 2)


def test_a_part_in_which_no_row_ends_is_refused(imports: Imports) -> None:
    job = imports.send(FILE[:30_000], complete="false").json
    answer = imports.append(job["id"], b"1,x", offset=job["received_bytes"], complete="false")
    assert (answer.status_code, answer.json["code"]) == (422, "upload_part_too_small")
    assert imports.read(job["id"])["received_bytes"] == job["received_bytes"]


def test_a_part_sent_twice_or_out_of_order_is_refused_and_says_where_to_go_on(imports: Imports) -> None:
    job = imports.send(FILE[:30_000], complete="false").json
    reached = job["received_bytes"]
    for offset in (0, reached - 1, reached + 1, 30_000):
        answer = imports.append(job["id"], FILE[offset:], offset=offset)
        if offset != reached:
            assert (answer.status_code, answer.json["code"]) == (409, "upload_offset_mismatch")
            assert answer.json["received_bytes"] == reached
    assert imports.append(job["id"], FILE[reached:], offset=reached).json["status"] == "waiting"
    again = imports.append(job["id"], FILE[reached:], offset=reached)
    assert (again.status_code, again.json["code"]) == (409, "upload_closed")


def test_the_same_request_again_makes_no_second_import(imports: Imports, api: Api) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = imports.send(FILE, headers=key, name="n")
    again = imports.send(FILE, headers=key, name="n")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["id"] == first.json["id"]
    assert len((api.send("GET", PATH).json or {})["items"]) == 1
    other = imports.send(FILE, headers=key, name="m")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert imports.send(FILE, headers={"Idempotency-Key": "a b"}).status_code == 400


def _broken_off(after: int) -> Iterator[bytes]:
    for begin in range(0, after, 4096):
        yield FILE[begin : begin + 4096]
    raise ClientDisconnected


def _begin(database: Database, blocks: Iterator[bytes], key: str | None) -> Any:
    asked = Asked(None, None, None, wishes_of(VOCABULARY, [], []))
    request = Request("pub_a", "customers", editor(), "n", None, False, asked, key, "same")
    return start_import(lambda: database.transaction("pub_a"), IMPORTS, request, blocks, whole=True, now=clock.now)


def test_a_request_that_broke_off_goes_on_when_it_is_sent_again(imports: Imports, database: Database) -> None:
    with pytest.raises(ClientDisconnected):
        _begin(database, _broken_off(100_000), "key")
    assert imports.customers() == []
    job, replayed = _begin(database, iter([FILE]), "key")
    assert (replayed, job.status, job.received_rows, job.received_bytes) == (True, "waiting", 6000, len(FILE))
    imports.work()
    assert counts(imports.read(job.id)) == (6000, 0, 0, 0)


def test_one_without_a_key_that_broke_off_has_failed(imports: Imports, api: Api, database: Database) -> None:
    with pytest.raises(ClientDisconnected):
        _begin(database, _broken_off(100_000), None)
    (job,) = (api.send("GET", PATH).json or {})["items"]
    assert (job["status"], job["problem"]["code"]) == ("failed", "upload_broken_off")
    imports.work()
    with database.transaction("pub_a") as session:
        assert session.execute(text("SELECT count(*) FROM customer_import_chunk")).scalar_one() == 0


def test_what_is_never_stored_is_in_no_table_at_any_time(imports: Imports, database: Database) -> None:
    lines = [
        "Email,Password Hash,Card Number,Last Name",
        "a@example.com,CANARY1,CANARY2,A",
        "nobody,CANARY3,CANARY4,B",
        "c@example.com,CANARY5,CANARY6,C,too much",
        'd@example.com,"CANARY7,CANARY8,D',
        "e@example.com,CANARY9\xff,,E",
    ]
    content = "\n".join(lines).encode("latin-1")
    job = imports.send(content).json
    packed = imports.send('{"email": "x", "password": "CANARY10"}\n{"password": "CANARY11", "email": "y"').json
    assert "CANARY" not in _everything(database)
    imports.work()
    assert "CANARY" not in _everything(database)
    for import_id in (job["id"], packed["id"]):
        assert "CANARY" not in str(imports.rejects(import_id))
    assert counts(imports.read(job["id"])) == (1, 0, 0, 4)


def _everything(database: Database) -> str:
    """All that the service keeps, packed content unpacked."""
    with database.transaction("pub_a") as session:
        tables = session.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
                "AND has_table_privilege(oid, 'SELECT')"
            )
        ).all()
        kept = [str(session.execute(text(f"SELECT * FROM {table}")).all()) for table in tables]
        chunks = session.scalars(text("SELECT content FROM customer_import_chunk")).all()
    return "".join(kept) + "".join(str(unpack(bytes(chunk))) for chunk in chunks)


def test_imports_of_others_are_not_there(imports: Imports, api: Api) -> None:
    job = imports.send("email\na@example.com\n").json
    for method, path in [
        ("GET", ""), ("GET", "/rejects"), ("POST", "/cancel"), ("POST", "/content?offset=0"),
    ]:  # fmt: skip
        headers = {"Content-Type": "text/csv"}
        answer = api.send(method, f"{PATH}/{job['id']}{path}", as_="b", headers=headers, raw=b"")
        assert (answer.status_code, (answer.json or {})["code"]) == (404, "import_not_found"), path
    assert (api.send("GET", PATH, as_="b").json or {})["items"] == []
    assert api.send("GET", PATH, as_="reader").status_code == 403


def test_the_list_is_paged_and_can_be_narrowed(imports: Imports, api: Api) -> None:
    ids = [imports.send("email\n", name=name).json["id"] for name in ("a", "b", "a")]
    first = api.send("GET", f"{PATH}?limit=2").json or {}
    second = api.send("GET", f"{PATH}?limit=2&cursor={first['next_cursor']}").json or {}
    assert [job["id"] for job in first["items"] + second["items"]] == ids[::-1]
    assert [job["id"] for job in (api.send("GET", f"{PATH}?name=a").json or {})["items"]] == [ids[2], ids[0]]


def test_too_many_open_imports_are_refused(imports: Imports) -> None:
    for _ in range(50):
        assert imports.send("email\n").status_code == 202
    answer = imports.send("email\n")
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_imports")
    imports.work()
    assert imports.send("email\n").status_code == 202

"""With the engine down: whole IDs and emails are answered, anything else waits, and nothing is lost."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import services.search.__main__ as command
from servicekit import clock
from servicekit.ids import new_id
from services.search.comparison import compare
from services.search.engine.errors import EngineUnavailable
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.port import Engine
from services.search.query.parse import parse
from services.search.tests.service.system import System, anonymized, publisher, told

ADA: dict[str, Any] = {
    "email": "Ada@Example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "external_ids": [{"source": "shop", "id": "C-10042"}],
}


def _closed_port() -> Engine:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return OpenSearchEngine(OpenSearchSettings(url=f"http://127.0.0.1:{port}"))


@pytest.fixture(params=["switched off", "nobody listens"])
def system_down(request: pytest.FixtureRequest, system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    """A system whose engine is down."""
    if request.param == "switched off":
        system.engine.down = True
    else:
        monkeypatch.setattr(system.engine, "engine", _closed_port())
    return system


def test_ids_and_emails_are_answered(system_down: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system_down.tell(told(mine, ada, **ADA))
    for q in (ada, ada.upper(), "ada@example.com", "ADA@EXAMPLE.COM", "C-10042", "c10042"):
        answer = system_down.get(mine, q=q).get_json()
        assert [item["id"] for item in answer["items"]] == [ada], q
        assert answer["degraded"] is True
        assert answer["total"] == {"value": 1, "exact": True}
        assert answer["items"][0]["matched"][0]["how"] == "identifier"


def test_anything_else_is_told_to_come_back(system_down: System) -> None:
    mine = publisher()
    system_down.tell(told(mine, new_id("cus"), **ADA))
    for q in ("Lovelace", "ada@", "ada lovelace", "", "C-100", f"{ADA['email']} Lovelace"):
        response = system_down.get(mine, q=q)
        assert (response.status_code, response.get_json()["code"]) == (503, "search_engine_unavailable"), q
        assert int(response.headers["Retry-After"]) > 0


def test_an_id_or_email_that_nobody_has_finds_nobody(system_down: System) -> None:
    for q in (new_id("cus"), "nobody@example.com"):
        answer = system_down.get(publisher(), q=q).get_json()
        assert (answer["items"], answer["degraded"]) == ([], True)


def test_neither_another_publishers_nor_an_erased_customer_is_shown(system_down: System) -> None:
    mine, other, ada = publisher(), publisher(), new_id("cus")
    system_down.tell(told(mine, ada, **ADA))
    for q in (ada, ADA["email"]):
        assert system_down.found(other, q) == []
    assert system_down.get(other, q="C-10042").status_code == 503
    system_down.tell(anonymized(mine, ada, 2))
    for q in (ada, ADA["email"]):
        assert system_down.found(mine, q) == []


def test_two_with_one_id_are_paged(system_down: System) -> None:
    mine, ids = publisher(), sorted((new_id("cus") for _ in range(3)), reverse=True)
    system_down.tell(*(told(mine, customer_id, external_ids=ADA["external_ids"]) for customer_id in ids))
    first = system_down.get(mine, q="C-10042", limit=2).get_json()
    rest = system_down.get(mine, q="C-10042", limit=2, cursor=first["next_cursor"]).get_json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None


def test_what_happened_meanwhile_is_indexed_when_the_engine_is_back(system: System) -> None:
    mine = publisher()
    ada, bob = new_id("cus"), new_id("cus")
    system.tell(told(mine, ada, 1, **ADA))
    system.index()
    system.engine.down = True
    system.tell(told(mine, ada, 2, last_name="Byron"), told(mine, bob, 1, last_name="Babbage"))
    assert system.indexer.step() == 0
    assert system.indexer.step() == 0
    system.engine.down = False
    assert system.index() == 2
    assert system.found(mine, "Byron") == [ada]
    assert system.found(mine, "Babbage") == [bob]
    assert compare(system.app_database, system.engine, mine).equal


def test_the_web_process_spares_an_engine_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Engine] = []
    monkeypatch.setattr(command, "serve", lambda build, **_given: made.append(build()))
    monkeypatch.setattr(command, "create_app", lambda _settings, **given: given["engine"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for name, value in {
        "SEARCH_DATABASE_URL_APP": "postgresql://nobody@127.0.0.1:1/none",
        "SEARCH_ENGINE": "opensearch",
        "OPENSEARCH_URL": f"http://127.0.0.1:{port}",
        "IDENTITY_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    assert command.web.callback is not None
    command.web.callback(bind="", workers=1, threads=1)

    query = parse("ada", now=clock.now())
    for _ in range(10):
        with pytest.raises(EngineUnavailable) as told:
            made[0].search("pub_1", query, limit=1)
    assert "not asked for a moment" in str(told.value)

"""What only the engine on OpenSearch promises."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from services.search.documents import tombstone
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.indices import Collection
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings, connect
from services.search.engine.opensearch_index import index_body, mapping
from services.search.engine.opensearch_query import query_of
from services.search.engine.port import Outcome
from services.search.tests.engine.conftest import opensearch_engine
from services.search.tests.engine.helpers import document, fill, ids, parse

Answer = Callable[[str], tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def opensearch() -> Iterator[OpenSearchEngine]:
    with opensearch_engine() as made:
        made.ensure()
        yield made


class FakeOpenSearch:
    """Answers every request as it is told; a server that is in trouble can't be had on demand otherwise."""

    def __init__(self, answer: Answer) -> None:
        class Handler(BaseHTTPRequestHandler):
            def respond(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = answer(self.path)
                content = orjson.dumps(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_HEAD = respond  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self) -> OpenSearchEngine:
        self.thread.start()
        settings = OpenSearchSettings(f"http://127.0.0.1:{self.server.server_port}")
        self.client = connect(settings)
        return OpenSearchEngine(settings, self.client)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def failing(status: int) -> Answer:
    return lambda _path: (status, {"error": {"type": "some_exception", "reason": "says natalie"}, "status": status})


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_unavailable(status: int) -> None:
    with FakeOpenSearch(failing(status)) as engine:
        for call in (
            lambda: engine.search("pub_1", parse("natalie"), limit=1),
            lambda: engine.write([document("pub_1", "cus_1")]),
            lambda: engine.count("pub_1"),
            lambda: engine.versions("pub_1", ["cus_1"]),
            lambda: list(engine.dump("pub_1")),
            engine.ping,
            engine.refresh,
        ):
            with pytest.raises(EngineUnavailable) as caught:
                call()
            assert "natalie" not in str(caught.value)


def test_what_a_server_will_never_do_is_refused() -> None:
    with FakeOpenSearch(failing(400)) as engine, pytest.raises(EngineRefused):
        engine.search("pub_1", parse("natalie"), limit=1)


def test_a_search_that_ran_out_of_time_is_unavailable() -> None:
    late: dict[str, Any] = {"timed_out": True, "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}
    with FakeOpenSearch(lambda _path: (200, late)) as engine, pytest.raises(EngineUnavailable):
        engine.search("pub_1", parse("natalie"), limit=1)


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        engine = OpenSearchEngine(OpenSearchSettings(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        for call in (engine.ping, engine.ensure, lambda: engine.write([document("pub_1", "cus_1")])):
            with pytest.raises(EngineUnavailable):
                call()


def test_each_item_of_a_bulk_is_looked_at() -> None:
    statuses = {
        201: Outcome.WRITTEN, 200: Outcome.WRITTEN, 409: Outcome.STALE, 429: Outcome.RETRY, 503: Outcome.RETRY,
        404: Outcome.RETRY, 400: Outcome.REFUSED,
    }  # fmt: skip
    items = [{"index": {"status": s} | ({"error": {"type": "e"}} if s >= 400 else {})} for s in statuses]
    with FakeOpenSearch(lambda _path: (200, {"took": 1, "errors": True, "items": items})) as engine:
        results = engine.write([document("pub_1", f"cus_{status}") for status in statuses])
    assert [result.outcome for result in results] == list(statuses.values())
    assert [result.id for result in results] == [f"cus_{status}" for status in statuses]


def test_the_query_holds_what_was_typed_only_as_values() -> None:
    """Nothing but term, terms, prefix and fuzzy ever sees it; none of them has a syntax."""
    found: set[str] = set()

    def visit(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                assert "evil" not in key
                visit(value, (*path, key))
        elif isinstance(node, list):
            for value in node:
                visit(value, path)
        elif isinstance(node, str) and "evil" in node:
            found.add(next(part for part in reversed(path) if part in ("term", "terms", "prefix", "fuzzy", "?")))

    visit(query_of("pub_1", parse("evil* evil~2 evil=x evilevil city:evil -evilish")), ("?",))
    assert found == {"terms", "prefix", "fuzzy"}


def test_settings_are_said_explicitly() -> None:
    settings = index_body(mapping(), shards=3, replicas=2)["settings"]
    assert settings == {"number_of_shards": 3, "number_of_replicas": 2, "refresh_interval": "200ms"}


@pytest.mark.real("OpenSearch")
def test_ensure_again_and_at_once_changes_nothing(publisher_id: str) -> None:
    with opensearch_engine() as engine:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: engine.ensure(), range(4)))
        fill(engine, [document(publisher_id, "cus_1")])
        engine.ensure()
        assert engine.count(publisher_id) == 1
        assert set(engine._client.indices.get_alias(name=engine.alias)) == {f"{engine.alias}-1"}


@pytest.mark.real("OpenSearch")
def test_without_its_alias_writes_are_retried_and_no_index_is_guessed(publisher_id: str) -> None:
    with opensearch_engine() as engine:
        try:
            outcome = engine.write([document(publisher_id, "cus_1")])[0].outcome
        except EngineUnavailable:
            outcome = Outcome.RETRY
        assert outcome is Outcome.RETRY
        with pytest.raises(EngineUnavailable):
            engine.search(publisher_id, parse("x"), limit=1)
        assert engine._client.indices.get(index=f"{engine.alias}*") == {}


@pytest.mark.real("OpenSearch")
def test_a_field_that_the_mapping_does_not_know_is_refused(opensearch: OpenSearchEngine, publisher_id: str) -> None:
    body = {"publisher_id": publisher_id, "surprise": 1}
    answer = opensearch._client.bulk(body=[{"index": {"_id": "x"}}, body], index=opensearch.alias)
    assert answer["items"][0]["index"]["error"]["type"] == "strict_dynamic_mapping_exception"


@pytest.mark.real("OpenSearch")
def test_a_tombstone_outlives_what_opensearch_remembers_of_deletes(
    opensearch: OpenSearchEngine, publisher_id: str
) -> None:
    """With deletes instead of tombstones the older write would be taken in again after ``index.gc_deletes``."""
    opensearch._client.indices.put_settings(index=opensearch.alias, body={"index.gc_deletes": "1ms"})
    fill(opensearch, [document(publisher_id, "cus_1", first_name="Natalie")])
    fill(opensearch, [tombstone(publisher_id, "cus_1", doc_version=5)])
    fill(opensearch, [document(publisher_id, "cus_2", first_name="Somebody")])
    assert (
        opensearch.write([document(publisher_id, "cus_1", first_name="Natalie", version=4)])[0].outcome is Outcome.STALE
    )
    opensearch.refresh()
    assert ids(opensearch, publisher_id, "natalie") == []


@pytest.mark.real("OpenSearch")
def test_what_is_written_is_found_without_a_refresh_of_ours(opensearch: OpenSearchEngine, publisher_id: str) -> None:
    opensearch.write([document(publisher_id, "cus_1", first_name="Natalie")])
    found = threading.Event()

    def look() -> None:
        while not found.is_set():
            if ids(opensearch, publisher_id, "natalie"):
                found.set()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    assert found.wait(timeout=2.0)
    looking.join()


@pytest.mark.real("OpenSearch")
def test_bringing_a_mapping_up_to_date_keeps_what_the_index_was_made_with() -> None:
    with opensearch_engine() as engine:
        _older_index(engine, {"first_name": {"type": "keyword"}})
        engine.ensure()
        assert engine.indices.made_with() == 1
        (found,) = engine._client.indices.get_mapping(index=engine.alias).values()
        assert "doc_version" in found["mappings"]["properties"], "what is missing is added"


@pytest.mark.real("OpenSearch")
def test_a_mapping_that_cannot_be_brought_up_to_date_stops_nobody(publisher_id: str) -> None:
    with opensearch_engine() as engine:
        _older_index(engine, {"doc_version": {"type": "keyword"}, "stored": {"type": "object", "enabled": False}})
        engine.ensure()
        assert engine.indices.made_with() == 1
        (result,) = engine.write([document(publisher_id, "cus_1")])
        assert result.outcome is Outcome.REFUSED


def _older_index(engine: OpenSearchEngine, properties: dict[str, Any]) -> None:
    body = {
        "mappings": {"dynamic": "strict", "_meta": {"normalizer": 1}, "properties": properties},
        "aliases": {engine.alias: {"is_write_index": True}},
    }
    engine._client.indices.create(index=f"{engine.alias}-1", body=body)


@pytest.mark.real("OpenSearch")
def test_an_index_that_was_lost_is_made_anew_beside_what_is_left(publisher_id: str) -> None:
    with opensearch_engine() as engine:
        engine.ensure()
        engine.indices.create("customers-7")
        engine._client.indices.delete(index=f"{engine.alias}-1")
        engine.ensure()
        assert engine.indices.in_service() == ["customers-8"]
        assert engine.indices.spare() == ["customers-7"]
        fill(engine, [document(publisher_id, "cus_1", first_name="Natalie")])
        assert ids(engine, publisher_id, "natalie") == ["cus_1"]


@pytest.mark.real("OpenSearch")
def test_a_target_that_is_gone_is_retried_and_no_index_is_guessed(publisher_id: str) -> None:
    with opensearch_engine() as engine:
        engine.ensure()
        (result,) = engine.write([document(publisher_id, "cus_1", first_name="Ada")], ["customers", "customers-2"])
        assert result.outcome is Outcome.RETRY
        engine.refresh()
        assert ids(engine, publisher_id, "ada") == ["cus_1"], "what is in service has it"
        assert engine.indices.spare() == []


@pytest.mark.real("OpenSearch")
def test_the_worst_of_several_targets_counts(publisher_id: str) -> None:
    with opensearch_engine() as engine:
        engine.ensure()
        engine.indices.create("customers-2")
        fill(engine, [document(publisher_id, "cus_1", version=1)])
        assert engine.write([document(publisher_id, "cus_1", version=9)], ["customers-2"])[0].outcome is Outcome.WRITTEN
        both = ["customers", "customers-2"]
        assert engine.write([document(publisher_id, "cus_1", version=5)], both)[0].outcome is Outcome.STALE
        engine.refresh()
        engine.indices.refresh("customers-2")
        assert engine.versions(publisher_id, ["cus_1"]) == {"cus_1": 5}
        assert engine.versions(publisher_id, ["cus_1"], both) == {"cus_1": 9}


@pytest.mark.real("OpenSearch")
def test_the_alias_moves_only_from_where_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that stood still while another rebuild finished puts nothing old in service."""
    with opensearch_engine() as engine:
        engine.ensure()
        indices = engine.indices
        for name in ("customers-2", "customers-3"):
            indices.create(name)
        seen = {part: indices._holders(part) for part in Collection}
        indices.promote("customers-3", 2)
        monkeypatch.setattr(indices, "_holders", seen.__getitem__)
        with pytest.raises(EngineUnavailable):
            indices.promote("customers-2", 2)
        monkeypatch.undo()
        assert indices.in_service() == ["customers-3"]

"""The engine ``opensearch``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from opensearchpy import OpenSearch
from opensearchpy.exceptions import (
    ConnectionError as OpenSearchConnectionError,
)
from opensearchpy.exceptions import (
    OpenSearchException,
    SerializationError,
    TransportError,
)

from services.search.columns import Order
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.opensearch_index import index_body, mapping, source_of, tokens_of
from services.search.engine.opensearch_query import query_of, scope, sort_of
from services.search.engine.port import (
    EXACT_TOTAL,
    After,
    Hit,
    Indexed,
    IndexEntry,
    Outcome,
    Page,
    Total,
    WriteResult,
    page_of_hits,
    refusal,
)
from services.search.query.tree import Query

SEARCH_SECONDS = 5.0
WRITE_SECONDS = 60.0
DUMP_PAGE = 1_000
_BULK_ANSWER = "took,errors,items.*.status,items.*.error.type"
_BULK_BYTES = 10_000_000
"""A request is cut above this: OpenSearch refuses bodies over 100 MB, and small ones keep its memory low."""


@dataclass(frozen=True, slots=True)
class OpenSearchSettings:
    """Where OpenSearch is. ``prefix`` begins the names of index and alias, so that several installations share it."""

    url: str
    prefix: str = ""
    shards: int = 1
    replicas: int = 0
    pool_maxsize: int = 16


def connect(settings: OpenSearchSettings) -> OpenSearch:
    """A client; connects at its first request. No retries of its own: the caller decides."""
    return OpenSearch(
        [settings.url],
        pool_maxsize=settings.pool_maxsize,
        max_retries=0,
        retry_on_timeout=False,
        timeout=SEARCH_SECONDS,
    )


class OpenSearchEngine:
    """The engine port on OpenSearch. Reads and writes go to an alias, which ``ensure`` makes with a first index."""

    def __init__(self, settings: OpenSearchSettings, client: OpenSearch | None = None) -> None:
        self._settings = settings
        self._client = client or connect(settings)
        self.alias = f"{settings.prefix}customers"

    def ensure(self) -> None:
        with _translated():
            if self._client.indices.exists_alias(name=self.alias):
                self._client.indices.put_mapping(index=self.alias, body=mapping())
                return
            body = index_body(shards=self._settings.shards, replicas=self._settings.replicas)
            body["aliases"] = {self.alias: {"is_write_index": True}}
            try:
                self._client.indices.create(index=f"{self.alias}-1", body=body, timeout=WRITE_SECONDS)
            except TransportError as error:
                if error.error != "resource_already_exists_exception":
                    raise

    def ping(self) -> None:
        with _translated():
            self._client.search(
                index=self.alias, body={"size": 0, "terminate_after": 1}, request_timeout=SEARCH_SECONDS
            )

    def refresh(self) -> None:
        with _translated():
            self._client.indices.refresh(index=self.alias)

    def maintain(self) -> None:
        """Nothing to do: OpenSearch merges what was replaced away by itself."""

    def write(self, entries: Sequence[IndexEntry]) -> list[WriteResult]:
        results: dict[int, WriteResult] = {}
        batch: dict[int, bytes] = {}
        size = 0
        for position, entry in enumerate(entries):
            if reason := refusal(entry):
                results[position] = _result(entry, Outcome.REFUSED, reason)
                continue
            batch[position] = _operation(entry)
            size += len(batch[position])
            if size > _BULK_BYTES:
                results |= self._bulk(entries, batch)
                batch, size = {}, 0
        results |= self._bulk(entries, batch)
        return [results[position] for position in range(len(entries))]

    def _bulk(self, entries: Sequence[IndexEntry], batch: Mapping[int, bytes]) -> dict[int, WriteResult]:
        if not batch:
            return {}
        with _translated():
            # Without require_alias a missing alias would become an index of that name, its mapping guessed.
            answer = self._client.bulk(
                body=b"".join(batch.values()),
                index=self.alias,
                params={"require_alias": "true", "filter_path": _BULK_ANSWER},
                request_timeout=WRITE_SECONDS,
            )
        items = zip(batch, answer["items"], strict=True)
        return {position: _item_result(entries[position], item["index"]) for position, item in items}

    def search(
        self,
        publisher_id: str,
        query: Query,
        *,
        limit: int,
        after: After | None = None,
        order: Order | None = None,
        exact_total: bool = False,
    ) -> Page:
        body: dict[str, Any] = {
            "query": query_of(publisher_id, query),
            "sort": sort_of(order),
            "track_scores": True,
            "size": limit + 1,
            "track_total_hits": exact_total or EXACT_TOTAL,
            "_source": ["customer_id", "doc_version", "stored"],
        }
        if after:
            body["search_after"] = list(after)
        answer = self._search(body)
        found = answer["hits"]
        hits = [_hit(hit, order) for hit in found["hits"]]
        total = Total(found["total"]["value"], exact=found["total"]["relation"] == "eq")
        return page_of_hits(hits, total, limit, order, answer["took"])

    def versions(self, publisher_id: str, customer_ids: Iterable[str]) -> dict[str, int]:
        wanted = list(customer_ids)
        found: dict[str, int] = {}
        for start in range(0, len(wanted), DUMP_PAGE):
            some = wanted[start : start + DUMP_PAGE]
            query = scope(publisher_id, {"terms": {"customer_id": some}}, deleted=None)
            body = {"query": query, "size": len(some), "_source": ["customer_id", "doc_version"]}
            sources = (hit["_source"] for hit in self._search(body)["hits"]["hits"])
            found |= {source["customer_id"]: source["doc_version"] for source in sources}
        return found

    def count(self, publisher_id: str) -> int:
        with _translated():
            answer = self._client.count(
                index=self.alias, body={"query": scope(publisher_id)}, request_timeout=SEARCH_SECONDS
            )
        return int(answer["count"])

    def dump(self, publisher_id: str) -> Iterator[Indexed]:
        query = scope(publisher_id, deleted=None)
        with _translated():
            pit = self._client.create_pit(index=self.alias, params={"keep_alive": "2m"})["pit_id"]
        try:
            last: list[Any] | None = None
            while hits := self._dump_page(query, pit, last):
                yield from (_indexed(hit["_source"]) for hit in hits)
                last = hits[-1]["sort"]
        finally:
            with _translated():
                self._client.delete_pit(body={"pit_id": [pit]})

    def _dump_page(self, query: Mapping[str, Any], pit: str, last: list[Any] | None) -> list[dict[str, Any]]:
        body: dict[str, Any] = {
            "query": query,
            "pit": {"id": pit, "keep_alive": "2m"},
            "sort": [{"customer_id": "asc"}],
            "size": DUMP_PAGE,
        }
        if last:
            body["search_after"] = last
        with _translated():
            answer = self._client.search(body=body, request_timeout=WRITE_SECONDS)
        return list(answer["hits"]["hits"])

    def _search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with _translated():
            answer: dict[str, Any] = self._client.search(
                index=self.alias,
                body=body,
                # Part of the answer would look like the whole: rather none.
                params={"allow_partial_search_results": "false"},
                request_timeout=SEARCH_SECONDS,
            )
        if answer["timed_out"]:
            raise EngineUnavailable("OpenSearch ran out of time")
        return answer


def _operation(entry: IndexEntry) -> bytes:
    action = {
        # The length keeps apart what would be one text put together ("a/b" + "c", "a" + "b/c").
        "_id": f"{len(entry.publisher_id)}/{entry.publisher_id}/{entry.customer_id}",
        "version": entry.doc_version,
        "version_type": "external_gte",
    }
    return orjson.dumps({"index": action}) + b"\n" + orjson.dumps(source_of(entry)) + b"\n"


def _item_result(entry: IndexEntry, item: Mapping[str, Any]) -> WriteResult:
    status = item["status"]
    if status < 300:
        return _result(entry, Outcome.WRITTEN)
    kind = item.get("error", {}).get("type", "")
    if status == 409:
        return _result(entry, Outcome.STALE)
    # 404: the alias isn't there (yet).
    retry = status in (404, 429) or status >= 500
    return _result(entry, Outcome.RETRY if retry else Outcome.REFUSED, f"OpenSearch: {status} {kind}")


def _result(entry: IndexEntry, outcome: Outcome, reason: str = "") -> WriteResult:
    return WriteResult(entry.publisher_id, entry.customer_id, entry.doc_version, outcome, reason)


def _hit(hit: Mapping[str, Any], order: Order | None) -> Hit:
    source, key = hit["_source"], hit["sort"][0] if order else None
    return Hit(source["customer_id"], int(hit["_score"]), source["doc_version"], source["stored"], key)


def _indexed(source: Mapping[str, Any]) -> Indexed:
    return Indexed(
        source["customer_id"],
        source["doc_version"],
        source["deleted"],
        tokens_of(source),
        source.get("keys", {}),
        source["stored"],
    )


@contextmanager
def _translated() -> Iterator[None]:
    """The client's errors as the port's. Their texts may quote the request, personal data among it: left out."""
    try:
        yield
    except (OpenSearchConnectionError, SerializationError) as error:
        raise EngineUnavailable(f"OpenSearch can't be reached: {type(error).__name__}") from None
    except TransportError as error:
        status = error.status_code
        # 401 and 403 are put right by an operator, 404 by ensure(); 408, 429 and 5xx pass.
        if not isinstance(status, int) or status in (401, 403, 404, 408, 429) or status >= 500:
            raise EngineUnavailable(f"OpenSearch can't do this now: {status} {error.error}") from None
        raise EngineRefused(f"OpenSearch refused: {status} {error.error}") from None
    except OpenSearchException as error:
        raise EngineRefused(f"OpenSearch refused: {type(error).__name__}") from None

"""The engine ``opensearch``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from opensearchpy import OpenSearch

from services.search.columns import Order
from services.search.engine.indices import IN_SERVICE, every_document
from services.search.engine.opensearch_client import (
    SEARCH_SECONDS,
    WRITE_SECONDS,
    OpenSearchSettings,
    connect,
    search,
    translated,
)
from services.search.engine.opensearch_index import document_id, source_of
from services.search.engine.opensearch_indices import OpenSearchIndices
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

__all__ = ["OpenSearchEngine", "OpenSearchSettings", "connect"]

VERSIONS_PAGE = 1_000
_BULK_ANSWER = "took,errors,items.*.status,items.*.error.type"
_BULK_BYTES = 10_000_000
"""A request is cut above this: OpenSearch refuses bodies over 100 MB, and small ones keep its memory low."""
_WORSE = (Outcome.WRITTEN, Outcome.STALE, Outcome.REFUSED, Outcome.RETRY)
"""Of several targets the last of these counts."""


class OpenSearchEngine:
    """The engine port on OpenSearch. Searches go to an alias, which ``ensure`` makes with a first index."""

    def __init__(self, settings: OpenSearchSettings, client: OpenSearch | None = None) -> None:
        self._client = client or connect(settings)
        self.indices = OpenSearchIndices(settings, self._client)
        self.alias = self.indices.address(IN_SERVICE)

    def ensure(self) -> None:
        self.indices.ensure()

    def ping(self) -> None:
        with translated():
            self._client.search(
                index=self.alias, body={"size": 0, "terminate_after": 1}, request_timeout=SEARCH_SECONDS
            )

    def refresh(self) -> None:
        with translated():
            self._client.indices.refresh(index=self.alias)

    def maintain(self) -> None:
        """Nothing to do: OpenSearch merges what was replaced away by itself."""

    def write(self, entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
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
                results |= self._write(entries, batch, targets)
                batch, size = {}, 0
        results |= self._write(entries, batch, targets)
        return [results[position] for position in range(len(entries))]

    def _write(
        self, entries: Sequence[IndexEntry], batch: Mapping[int, bytes], targets: Sequence[str]
    ) -> dict[int, WriteResult]:
        body = b"".join(batch.values())
        answers = [self._bulk(body, target) for target in targets] if batch else []
        worst: dict[int, WriteResult] = {}
        for position, *items in zip(batch, *answers, strict=True):
            results = [_item_result(entries[position], item["index"]) for item in items]
            worst[position] = max(results, key=lambda result: _WORSE.index(result.outcome))
        return worst

    def _bulk(self, body: bytes, target: str) -> list[dict[str, Any]]:
        with translated():
            # Without require_alias a missing alias would become an index of that name, its mapping guessed.
            answer = self._client.bulk(
                body=body,
                index=self.indices.address(target),
                params={"require_alias": "true", "filter_path": _BULK_ANSWER},
                request_timeout=WRITE_SECONDS,
            )
        return list(answer["items"])

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
        answer = search(self._client, self.alias, body)
        found = answer["hits"]
        hits = [_hit(hit, order) for hit in found["hits"]]
        total = Total(found["total"]["value"], exact=found["total"]["relation"] == "eq")
        return page_of_hits(hits, total, limit, order, answer["took"])

    def versions(
        self, publisher_id: str, customer_ids: Iterable[str], targets: Sequence[str] = (IN_SERVICE,)
    ) -> dict[str, int]:
        wanted = list(customer_ids)
        found: dict[str, int] = {}
        for start in range(0, len(wanted), VERSIONS_PAGE):
            some = wanted[start : start + VERSIONS_PAGE]
            query = scope(publisher_id, {"terms": {"customer_id": some}}, deleted=None)
            body = {"query": query, "size": len(some), "_source": ["customer_id", "doc_version"]}
            for target in targets:
                answer = search(self._client, self.indices.address(target), body)
                for source in (hit["_source"] for hit in answer["hits"]["hits"]):
                    known = found.get(source["customer_id"], 0)
                    found[source["customer_id"]] = max(known, source["doc_version"])
        return found

    def count(self, publisher_id: str) -> int:
        with translated():
            answer = self._client.count(
                index=self.alias, body={"query": scope(publisher_id)}, request_timeout=SEARCH_SECONDS
            )
        return int(answer["count"])

    def dump(self, publisher_id: str) -> Iterator[Indexed]:
        return every_document(self.indices, IN_SERVICE, publisher_id)


def _operation(entry: IndexEntry) -> bytes:
    action = {
        "_id": document_id(entry.publisher_id, entry.customer_id),
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

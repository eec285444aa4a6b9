"""The engine ``opensearch``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from opensearchpy import OpenSearch

from services.search.columns import Order
from services.search.documents import CustomerDocument
from services.search.engine.indices import IN_SERVICE, Collection, by_collection, collection_of, every_document
from services.search.engine.opensearch_client import (
    SEARCH_SECONDS,
    WRITE_SECONDS,
    OpenSearchSettings,
    connect,
    search,
    translated,
)
from services.search.engine.opensearch_index import document_id, source_of
from services.search.engine.opensearch_indices import OpenSearchIndices, id_field
from services.search.engine.opensearch_query import query_of, scope, sort_of
from services.search.engine.opensearch_transactions import body_of, transaction_source
from services.search.engine.port import (
    EXACT_TOTAL,
    After,
    Hit,
    Indexed,
    IndexEntry,
    Outcome,
    Page,
    Total,
    TransactionHit,
    WriteResult,
    page_of_hits,
    refusal,
)
from services.search.query.tree import Query, Word

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
        self.transactions = self.indices.address(IN_SERVICE, Collection.TRANSACTIONS)

    def ensure(self) -> None:
        self.indices.ensure()

    def ping(self) -> None:
        with translated():
            self._client.search(
                index=self.alias, body={"size": 0, "terminate_after": 1}, request_timeout=SEARCH_SECONDS
            )

    def refresh(self) -> None:
        with translated():
            self._client.indices.refresh(index=[self.alias, self.transactions])

    def maintain(self) -> None:
        """Nothing to do: OpenSearch merges what was replaced away by itself."""

    def write(self, entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
        results: dict[int, WriteResult] = {}
        batches: dict[Collection, dict[int, bytes]] = {part: {} for part in Collection}
        sizes = dict.fromkeys(Collection, 0)
        for position, entry in enumerate(entries):
            if reason := refusal(entry):
                results[position] = _result(entry, Outcome.REFUSED, reason)
                continue
            part = collection_of(entry.id)
            batches[part][position] = _operation(entry)
            sizes[part] += len(batches[part][position])
            if sizes[part] > _BULK_BYTES:
                results |= self._write(entries, batches[part], targets, part)
                batches[part], sizes[part] = {}, 0
        for part, batch in batches.items():
            results |= self._write(entries, batch, targets, part)
        return [results[position] for position in range(len(entries))]

    def _write(
        self, entries: Sequence[IndexEntry], batch: Mapping[int, bytes], targets: Sequence[str], part: Collection
    ) -> dict[int, WriteResult]:
        body = b"".join(batch.values())
        answers = [self._bulk(body, self.indices.address(target, part)) for target in targets] if batch else []
        worst: dict[int, WriteResult] = {}
        for position, *items in zip(batch, *answers, strict=True):
            results = [_item_result(entries[position], item["index"]) for item in items]
            worst[position] = max(results, key=lambda result: _WORSE.index(result.outcome))
        return worst

    def _bulk(self, body: bytes, address: str) -> list[dict[str, Any]]:
        with translated():
            # Without require_alias a missing alias would become an index of that name, its mapping guessed.
            answer = self._client.bulk(
                body=body,
                index=address,
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

    def find_transactions(self, publisher_id: str, word: Word, *, limit: int) -> list[TransactionHit]:
        body = body_of(publisher_id, word, limit=limit)
        if not word.forms:
            return []
        found = search(self._client, self.transactions, body)["hits"]["hits"]
        sources = (hit["_source"] for hit in found)
        return [TransactionHit(source["id"], source["customer_id"], source["stored"]) for source in sources]

    def versions(self, publisher_id: str, ids: Iterable[str], targets: Sequence[str] = (IN_SERVICE,)) -> dict[str, int]:
        scope(publisher_id)
        found: dict[str, int] = {}
        for part, wanted in by_collection(ids):
            for start in range(0, len(wanted), VERSIONS_PAGE):
                some = wanted[start : start + VERSIONS_PAGE]
                for target in targets:
                    for identifier, version in self._versions(publisher_id, some, target, part):
                        found[identifier] = max(found.get(identifier, 0), version)
        return found

    def _versions(
        self, publisher_id: str, ids: Sequence[str], target: str, part: Collection
    ) -> Iterator[tuple[str, int]]:
        key = id_field(part)
        query = scope(publisher_id, {"terms": {key: ids}}, deleted=None)
        body = {"query": query, "size": len(ids), "_source": [key, "doc_version"]}
        for hit in search(self._client, self.indices.address(target, part), body)["hits"]["hits"]:
            yield hit["_source"][key], hit["_source"]["doc_version"]

    def count(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> int:
        with translated():
            answer = self._client.count(
                index=self.indices.address(IN_SERVICE, of),
                body={"query": scope(publisher_id)},
                request_timeout=SEARCH_SECONDS,
            )
        return int(answer["count"])

    def dump(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> Iterator[Indexed]:
        return every_document(self.indices, IN_SERVICE, publisher_id, of)


def _operation(entry: IndexEntry) -> bytes:
    action = {
        "_id": document_id(entry.publisher_id, entry.id),
        "version": entry.doc_version,
        "version_type": "external_gte",
    }
    source = source_of(entry) if isinstance(entry, CustomerDocument) else transaction_source(entry)
    return orjson.dumps({"index": action}) + b"\n" + orjson.dumps(source) + b"\n"


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
    return WriteResult(entry.publisher_id, entry.id, entry.doc_version, outcome, reason)


def _hit(hit: Mapping[str, Any], order: Order | None) -> Hit:
    source, key = hit["_source"], hit["sort"][0] if order else None
    return Hit(source["customer_id"], int(hit["_score"]), source["doc_version"], source["stored"], key)

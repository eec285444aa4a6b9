"""The indices on OpenSearch: ``<prefix>customers-<n>``, of which the alias ``<prefix>customers`` is in service.

Beside each is ``<prefix>transactions-<n>`` with aliases of its own: the two are one index of this service, which goes
by the name of the first. Each has an alias for writing by its own name, too: a write that requires an alias creates no
index by mistake when the one that it means is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError, TransportError

from services.search.engine.errors import EngineUnavailable
from services.search.engine.indices import IN_SERVICE, PAGE, Collection, by_collection
from services.search.engine.opensearch_client import WRITE_SECONDS, OpenSearchSettings, search, translated
from services.search.engine.opensearch_index import document_id, index_body, mapping, tokens_of
from services.search.engine.opensearch_query import scope
from services.search.engine.opensearch_transactions import transactions_mapping
from services.search.engine.port import Indexed, required

_PUBLISHERS = 1_000
_EXISTS = "resource_already_exists_exception"
_MAPPINGS = {Collection.CUSTOMERS: mapping, Collection.TRANSACTIONS: transactions_mapping}


class OpenSearchIndices:
    """The port ``Indices`` on OpenSearch."""

    def __init__(self, settings: OpenSearchSettings, client: OpenSearch) -> None:
        self._settings = settings
        self._client = client
        self._alias = f"{settings.prefix}{IN_SERVICE}"
        self._ours = re.compile(rf"{re.escape(self._alias)}-([1-9][0-9]*)\Z")

    def address(self, name: str, part: Collection = Collection.CUSTOMERS) -> str:
        """The alias by which a part of an index is written to."""
        return self._part(self._alias if name == IN_SERVICE else f"{self._index(name)}-writes", part)

    def ensure(self) -> None:
        """See ``Engine.ensure``: bring the index in service up to date, or make a first one."""
        with translated():
            if all(self._update_mapping(part) for part in Collection):
                return
            # Looked up before asking again for the alias: whoever made one in between has made it with its alias.
            number = self._highest() + 1
            holders = self._holders()
            index = holders[-1] if holders else f"{self._alias}-{number}"
            self._drop_remains(index)
            self._create(index, in_service=True)

    def _drop_remains(self, index: str) -> None:
        """Other parts than the customers' that were in service with customers who are lost: an alias can be written to
        one index only."""
        # What is in service is looked up first: what comes into service after that isn't taken for lost.
        holders = {holder for part in Collection for holder in self._holders(part)}
        there = {self._part(known, part) for known in [*self._all(), index] for part in Collection}
        for lost in holders - there:
            self._client.indices.delete(
                index=lost, params={"ignore_unavailable": "true"}, request_timeout=WRITE_SECONDS
            )

    def made_with(self) -> int | None:
        with translated():
            found = self._client.indices.get_mapping(index=self._alias)
        versions = [index["mappings"].get("_meta", {}).get("normalizer") for index in found.values()]
        return min((version for version in versions if isinstance(version, int)), default=None)

    def next_name(self) -> str:
        with translated():
            return f"{IN_SERVICE}-{self._highest() + 1}"

    def create(self, name: str) -> bool:
        with translated():
            return self._create(self._index(name))

    def in_service(self) -> list[str]:
        with translated():
            return [self._name(index) for index in self._holders()]

    def promote(self, name: str, normalizer: int) -> None:  # noqa: ARG002 - noted when it was created
        index = self._index(name)
        with translated():
            actions = [action for part in Collection for action in self._moves(index, part)]
            if actions:
                self._client.indices.update_aliases(body={"actions": actions}, request_timeout=WRITE_SECONDS)

    def _moves(self, index: str, part: Collection) -> Iterator[dict[str, Any]]:
        """What puts this part of ``index`` in service: all or nothing; and nothing at all if somebody else moved the
        alias since it was looked up."""
        holders, chosen, alias = self._holders(part), self._part(index, part), self._part(self._alias, part)
        if holders != [chosen]:
            for other in holders:
                if other != chosen:
                    yield {"remove": {"index": other, "alias": alias, "must_exist": True}}
            yield {"add": {"index": chosen, "alias": alias, "is_write_index": True}}

    def drop(self, name: str) -> None:
        index = self._index(name)
        with translated():
            if index in self._holders():
                raise ValueError(f"{index} is in service")
            # The customers last: as long as they are there, it is there.
            for part in reversed(Collection):
                self._client.indices.delete(
                    index=self._part(index, part),
                    params={"ignore_unavailable": "true"},
                    request_timeout=WRITE_SECONDS,
                )

    def spare(self) -> list[str]:
        with translated():
            holders = self._holders()
            return [self._name(index) for index in self._all() if index not in holders]

    def refresh(self, name: str) -> None:
        with translated():
            addresses = [self.address(name, part) for part in Collection]
            self._client.indices.refresh(index=addresses, request_timeout=WRITE_SECONDS)

    def tidy(self, name: str) -> Iterator[int]:  # noqa: ARG002 - a new index needs no mending
        yield from ()

    def publishers(self, name: str) -> list[str]:
        # Crosses publishers, so it isn't built by ``scope``: it tells whose there is anything, and nothing of it.
        sources = [{"publisher": {"terms": {"field": "publisher_id"}}}]
        composite: dict[str, Any] = {"size": _PUBLISHERS, "sources": sources}
        found: list[str] = []
        addresses = ",".join(self.address(name, part) for part in Collection)
        while True:
            body = {"size": 0, "aggs": {"publishers": {"composite": composite}}}
            answer = search(self._client, addresses, body, seconds=WRITE_SECONDS)["aggregations"]["publishers"]
            found += [bucket["key"]["publisher"] for bucket in answer["buckets"]]
            if "after_key" not in answer:
                return sorted(found)
            composite["after"] = answer["after_key"]

    def page(
        self,
        name: str,
        publisher_id: str,
        *,
        of: Collection = Collection.CUSTOMERS,
        after: str = "",
        limit: int = PAGE,
    ) -> list[Indexed]:
        body: dict[str, Any] = {
            "query": scope(publisher_id, deleted=None),
            "sort": [{id_field(of): "asc"}],
            "size": limit,
            "track_total_hits": False,
        }
        if after:
            body["search_after"] = [after]
        answer = search(self._client, self.address(name, of), body, seconds=WRITE_SECONDS)
        return [_indexed(hit["_source"]) for hit in answer["hits"]["hits"]]

    def read(self, name: str, publisher_id: str, ids: Iterable[str]) -> dict[str, Indexed]:
        required(publisher_id)
        found: dict[str, Indexed] = {}
        for part, some in by_collection(ids):
            found |= self._read(self.address(name, part), publisher_id, some)
        return found

    def _read(self, address: str, publisher_id: str, ids: Iterable[str]) -> dict[str, Indexed]:
        wanted = {document_id(publisher_id, identifier): identifier for identifier in ids}
        with translated():
            answer = self._client.mget(index=address, body={"ids": list(wanted)}, request_timeout=WRITE_SECONDS)
        if any("error" in document for document in answer["docs"]):
            raise EngineUnavailable("OpenSearch could not read every document")
        found = (document for document in answer["docs"] if document["found"])
        return {wanted[document["_id"]]: _indexed(document["_source"]) for document in found}

    def forget(self, name: str, publisher_id: str, versions: Mapping[str, int]) -> None:
        required(publisher_id)
        for part, some in by_collection(versions):
            lines = [_deletion(publisher_id, identifier, versions[identifier]) for identifier in some]
            self._delete(self.address(name, part), lines)

    def _delete(self, address: str, lines: Sequence[bytes]) -> None:
        with translated():
            answer = self._client.bulk(
                body=b"\n".join([*lines, b""]),
                index=address,
                params={"require_alias": "true", "filter_path": "items.*.status"},
                request_timeout=WRITE_SECONDS,
            )
        # 404: it is gone already; 409: there is a newer one by now.
        if any(item["delete"]["status"] not in (200, 404, 409) for item in answer["items"]):
            raise EngineUnavailable("OpenSearch could not delete every document")

    def _update_mapping(self, part: Collection) -> bool:
        """Add the fields that this part of the index in service lacks; whether there is one.

        What it was made with stays noted: put without ``_meta``, it is kept. A mapping that can't be brought up to
        date is left as it is: the index is of another version then, which is told, and only a rebuild helps.
        """
        body = {key: value for key, value in _MAPPINGS[part]().items() if key != "_meta"}
        try:
            self._client.indices.put_mapping(index=self._part(self._alias, part), body=body)
        except NotFoundError:
            return False
        except TransportError as error:
            if error.status_code != 400:
                raise
        return True

    def _create(self, index: str, *, in_service: bool = False) -> bool:
        """Both parts, the customers last: where they are, it is there. Whether they weren't."""
        return [self._create_part(index, part, in_service=in_service) for part in reversed(Collection)][-1]

    def _create_part(self, index: str, part: Collection, *, in_service: bool) -> bool:
        body = index_body(_MAPPINGS[part](), shards=self._settings.shards, replicas=self._settings.replicas)
        aliases = [f"{index}-writes", *([self._alias] if in_service else [])]
        body["aliases"] = {self._part(alias, part): {"is_write_index": True} for alias in aliases}
        try:
            self._client.indices.create(index=self._part(index, part), body=body, request_timeout=WRITE_SECONDS)
        except TransportError as error:
            if error.error != _EXISTS:
                raise
            return False
        return True

    def _highest(self) -> int:
        numbers = [int(match[1]) for match in map(self._ours.match, self._all()) if match]
        return max(numbers, default=0)

    def _all(self) -> list[str]:
        """Our indices that there are."""
        found = self._client.indices.get_alias(index=f"{self._alias}-*")
        return sorted((index for index in found if self._ours.match(index)), key=lambda index: (len(index), index))

    def _holders(self, part: Collection = Collection.CUSTOMERS) -> list[str]:
        """The indices that the alias of a part stands for."""
        try:
            return sorted(self._client.indices.get_alias(name=self._part(self._alias, part)))
        except NotFoundError:
            return []

    def _index(self, name: str) -> str:
        index = f"{self._settings.prefix}{name}"
        if not self._ours.match(index):
            raise ValueError(f"{name} is not the name of one index")
        return index

    def _part(self, customers: str, part: Collection) -> str:
        """The name of a part of an index, or its alias, by that of its customers."""
        rest = customers.removeprefix(self._settings.prefix).removeprefix(IN_SERVICE)
        return f"{self._settings.prefix}{part}{rest}"

    def _name(self, index: str) -> str:
        return index.removeprefix(self._settings.prefix)


def id_field(part: Collection) -> str:
    """The field that has the ID of a document of a part."""
    return "id" if part is Collection.TRANSACTIONS else "customer_id"


def _deletion(publisher_id: str, identifier: str, version: int) -> bytes:
    action = {"_id": document_id(publisher_id, identifier), "version": version, "version_type": "external_gte"}
    return orjson.dumps({"delete": action})


def _indexed(source: Mapping[str, Any]) -> Indexed:
    return Indexed(
        source.get("id", source["customer_id"]),
        source["doc_version"],
        source["deleted"],
        tokens_of(source),
        source.get("keys", {}),
        source["stored"],
        source["customer_id"] if "id" in source else None,
    )

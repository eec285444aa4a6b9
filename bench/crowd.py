"""A crowd of customers, put straight into the projection and the engines: searching is measured, not filling.

The PostgreSQL index is filled with ``COPY`` and has the same rows as if the indexer had written them.
"""

# Statements are put together from constants.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import orjson
import psycopg
from opensearchpy import OpenSearch
from psycopg.types.json import Jsonb

from embedded.demo.people import customers
from services.search.columns import BY_COLUMN, MOST_COLUMNS
from services.search.documents import BY_NAME, CustomerDocument, customer_document
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.postgres_tables import KEY_MARK, ddl, metadata
from services.search.text import Kind
from services.search.typos import word_keys

BATCH = 1_000
_FUZZY = ", ".join(str(attribute.number) for attribute in BY_NAME.values() if attribute.fuzzy)
PLAIN_FIELDS = (
    "id", "email", "first_name", "last_name", "company", "phone", "birthdate", "country", "currency",
    "line1", "city", "state", "postal_code", "external_id",
)  # fmt: skip
"""Of the plain index that the fixed ``multi_match`` searches: text, standard analyzer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a crowd goes."""

    publisher_id: str
    database_url: str
    opensearch_url: str
    prefix: str
    plain_index: str


def customer_id(number: int) -> str:
    """The ID of a crowd's customer."""
    return f"cus_{number:026}"


def fill(place: Place, count: int) -> None:
    """Put ``count`` customers everywhere, from two processes."""
    engine = OpenSearchEngine(OpenSearchSettings(url=place.opensearch_url, prefix=place.prefix))
    engine.ensure()
    client = OpenSearch([place.opensearch_url], timeout=120)
    client.indices.create(index=place.plain_index, body=_plain_mapping())
    with psycopg.connect(place.database_url, autocommit=True) as connection:
        _prepare(connection)
        firsts = range(1, count + 1, BATCH)
        with ProcessPoolExecutor(2) as pool:
            for _ in pool.map(partial(_batch, place, count), firsts, chunksize=4):
                pass
        _finish(connection, place.publisher_id)
    for index in (engine.alias, place.plain_index):
        client.indices.forcemerge(index=index, params={"max_num_segments": 5}, request_timeout=1_800)
        client.indices.refresh(index=index)
    client.close()


def _batch(place: Place, count: int, first: int) -> None:
    documents = list(islice(_documents(place.publisher_id, first, min(BATCH, count + 1 - first)), BATCH))
    engine = OpenSearchEngine(OpenSearchSettings(url=place.opensearch_url, prefix=place.prefix))
    engine.write(documents)
    client = OpenSearch([place.opensearch_url], timeout=120)
    lines = [b'{"index":{}}\n' + orjson.dumps(_plain(document.stored)) + b"\n" for document in documents]
    client.bulk(body=b"".join(lines), index=place.plain_index, params={"filter_path": "errors"})
    client.close()
    with psycopg.connect(place.database_url) as connection:
        _copy(connection, documents)


def _documents(publisher_id: str, first: int, count: int) -> Iterator[CustomerDocument]:
    for number, person in enumerate(customers(count, first=first), first):
        blank = dict.fromkeys(("company", "birthdate", "phone", "address", "anonymized_at"))
        state: dict[str, Any] = {
            **blank,
            "attributes": {},
            "last_login_at": person.last_login_at,
            **person.body(),
            "id": customer_id(number),
            "publisher_id": publisher_id,
            "status": "active",
            "version": 1,
        }
        yield customer_document(state, doc_version=1)


def _plain(stored: Any) -> dict[str, Any]:
    address = stored.get("address") or {}
    values = {**stored, **address, "external_id": [entry["id"] for entry in stored["external_ids"]]}
    return {name: values.get(name) for name in PLAIN_FIELDS}


def _plain_mapping() -> dict[str, Any]:
    properties = {name: {"type": "text"} for name in PLAIN_FIELDS}
    return {"settings": {"number_of_replicas": 0}, "mappings": {"dynamic": False, "properties": properties}}


def _prepare(connection: psycopg.Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(f"DROP TABLE IF EXISTS {table.name} CASCADE".encode())
    connection.execute("TRUNCATE search_customer")
    connection.execute("DROP TABLE IF EXISTS crowd_token, crowd_document")
    for columns in (
        'crowd_token (customer_id text COLLATE "C", attribute smallint, word text COLLATE "C", kind smallint)',
        'crowd_document (publisher_id text, customer_id text COLLATE "C", keys text[], stored jsonb)',
    ):
        connection.execute(f"CREATE UNLOGGED TABLE {columns}".encode())


def _copy(connection: psycopg.Connection, documents: Sequence[CustomerDocument]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy("COPY crowd_token FROM STDIN") as copy:
            for document in documents:
                for name, tokens in document.tokens().items():
                    for word, kind in tokens.items():
                        text = KEY_MARK + word if kind is Kind.KEY else word
                        copy.write_row((document.customer_id, BY_NAME[name].number, text, int(kind)))
        with cursor.copy("COPY crowd_document FROM STDIN") as copy:
            for document in documents:
                keys: list[str | None] = [None] * MOST_COLUMNS
                for name, key in document.keys.items():
                    keys[BY_COLUMN[name].number - 1] = key
                copy.write_row((document.publisher_id, document.customer_id, keys, Jsonb(document.stored)))
        columns = "(publisher_id, customer_id, customer, customer_version, doc_version)"
        with cursor.copy(f"COPY search_customer {columns} FROM STDIN") as copy:
            for document in documents:
                state = {name: value for name, value in document.stored.items() if name != "publisher_id"}
                copy.write_row((document.publisher_id, document.customer_id, Jsonb(state), 1, 1))


def _finish(connection: psycopg.Connection, publisher_id: str) -> None:
    """Words numbered, postings and documents made of what was copied, indices built last."""
    statements = ddl()
    for table in (statement for statement in statements if statement.startswith("CREATE TABLE")):
        connection.execute(table.encode())
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("SET work_mem = '512MB'")
    connection.execute("ANALYZE crowd_token")
    connection.execute(
        "INSERT INTO search_word (publisher_id, word) SELECT %s, word FROM crowd_token GROUP BY word ORDER BY word",
        [publisher_id],
    )
    connection.execute("ANALYZE search_word")
    connection.execute("""
        INSERT INTO search_posting (word, customer_id, attribute, kind)
        SELECT w.number, t.customer_id, t.attribute, t.kind FROM crowd_token t JOIN search_word w ON w.word = t.word
        ORDER BY 1, 2, 3
    """)
    connection.execute("DROP TABLE crowd_token")
    connection.execute("""
        INSERT INTO search_document (publisher_id, customer_id, doc_version, deleted, words, keys, stored)
        SELECT d.publisher_id, d.customer_id, 1, false, p.words, d.keys, d.stored
        FROM crowd_document d JOIN (SELECT customer_id, array_agg(DISTINCT word) AS words FROM search_posting
            GROUP BY customer_id) p ON p.customer_id = d.customer_id
        ORDER BY d.customer_id
    """)
    connection.execute("DROP TABLE crowd_document")
    _copy_typos(connection)
    for index in (statement for statement in statements if not statement.startswith("CREATE TABLE")):
        connection.execute(index.encode())
    for table_name in metadata.tables:
        connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table_name} TO PUBLIC".encode())
    connection.execute("VACUUM ANALYZE")


def _copy_typos(connection: psycopg.Connection) -> None:
    fuzzy = connection.execute(
        f"""
        SELECT number, word FROM search_word w WHERE EXISTS (SELECT FROM search_posting p WHERE p.word = w.number
            AND p.kind = {int(Kind.WORD)} AND p.attribute IN ({_FUZZY}))
    """.encode()
    ).fetchall()
    with connection.cursor() as cursor, cursor.copy("COPY search_typo FROM STDIN") as copy:
        for number, word in fuzzy:
            if keys := word_keys(word):
                copy.write_row((number, keys))

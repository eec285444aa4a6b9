"""Finding a customer by a transaction ID: among 10,000 transactions and among a million, over HTTP and on each engine.

Both crowds are 1,000 customers; an index and, for PostgreSQL, tables of its own for each. Filled in bulk.
"""

# Statements are put together from constants.

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import psycopg
from opensearchpy import OpenSearch
from psycopg.types.json import Jsonb

from bench.crowd import customer_id
from bench.measure import Row, percentile
from bench.searching import Server
from bench.stand import Stand
from embedded.demo.people import customers
from servicekit.ids import new_id
from services.search.documents import CustomerDocument, customer_document
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.port import Engine
from services.search.engine.postgres import PostgresEngine
from services.search.query.words import bought
from services.search.transactions import BY_TRANSACTION_ATTRIBUTE, TransactionDocument, transaction_document

AIM = 1.1
CUSTOMERS = 1_000
FEW, MANY = 10_000, 1_000_000
BATCH = 2_000
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class _Crowd:
    publisher_id: str
    prefix: str
    opensearch_url: str
    database_url: str
    transactions: int


def transaction_id(number: int) -> str:
    """The ID of a crowd's transaction: unique, and spread as ours are within a moment."""
    draw = random.Random(number)
    return f"txn_06h5yv{''.join(draw.choices(_ALPHABET, k=13))}{number:07}"


def order_id(number: int) -> str:
    """Its order ID, of the form that Google gives."""
    digits = f"{random.Random(-number - 1).randrange(10**10):010}{number:07}"
    return f"GPA.{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:]}"


def measure(stand: Stand, quick: bool) -> list[Row]:
    """Each number of transactions in turn, IDs and order IDs alternating."""
    stand.require("OpenSearch")
    url = stand.installation.urls("search").migrate
    sizes = (FEW // 10, FEW) if quick else (FEW, MANY)
    crowds = [
        _Crowd(new_id("pub"), f"{stand.installation.prefix}{secrets.token_hex(3)}-", stand.opensearch_url, url, size)
        for size in sizes
    ]
    rounds = 100 if quick else 600
    rows: list[Row] = []
    with ExitStack() as stack:
        for crowd in crowds:
            _fill_opensearch(crowd)
        servers = [
            Server(
                stand.web("search", on=stack, OPENSEARCH_PREFIX=crowd.prefix, SEARCH_ENGINE="opensearch"),
                stand.token(crowd.publisher_id),
            )
            for crowd in crowds
        ]
        over_http = _in_turns([partial(_over_http, each) for each in servers], crowds, rounds)
        rows.append(_row("over HTTP, p50", crowds, over_http))
        engines = [OpenSearchEngine(OpenSearchSettings(crowd.opensearch_url, crowd.prefix)) for crowd in crowds]
        rows.append(_row("OpenSearch's part, p50", crowds, _in_turns(_asking(engines, crowds), crowds, rounds)))
    rows.append(_row("PostgreSQL's part, p50, one after the other", crowds, _in_postgres(stand, crowds, rounds)))
    client = OpenSearch([stand.opensearch_url])
    for crowd in crowds:
        client.indices.delete(index=f"{crowd.prefix}*")
    return rows


def _row(what: str, crowds: Sequence[_Crowd], taken: Sequence[Sequence[float]]) -> Row:
    few, many = (percentile(list(each), 0.5) for each in taken)
    return Row(
        name="transactions",
        what=f"search by transaction and order ID, {what}, {crowds[0].transactions:,} to {crowds[1].transactions:,}",
        ours=many,
        baseline=few,
        unit="ms",
        aim=AIM,
        ratios=[many / few],
        lower_is_better=True,
        details={"p99": [percentile(list(each), 0.99) for each in taken], "searches": len(taken[0])},
    )


def _in_turns(asks: Sequence[Callable[[str], object]], crowds: Sequence[_Crowd], rounds: int) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in asks]
    draw = random.Random(7)
    for number in range(rounds + 40):
        order = range(len(asks)) if number % 2 else range(len(asks) - 1, -1, -1)
        for place in order:
            wanted = draw.randrange(crowds[place].transactions)
            typed = transaction_id(wanted) if number % 4 < 2 else order_id(wanted)
            began = time.perf_counter()
            asks[place](typed)
            if number >= 40:  # caches, connections, statements
                taken[place].append((time.perf_counter() - began) * 1_000)
    return taken


def _over_http(server: Server, typed: str) -> None:
    if '"total":{"value":1,' not in server.get(typed).body.replace(" ", ""):
        raise RuntimeError(f"{typed} was not found")


def _asking(engines: Sequence[Engine], crowds: Sequence[_Crowd]) -> list[Callable[[str], object]]:
    def ask(engine: Engine, publisher_id: str, typed: str) -> None:
        if len(engine.find_transactions(publisher_id, bought(typed).word, limit=1_000)) != 1:
            raise RuntimeError(f"{typed} was not found")

    return [partial(ask, engine, crowd.publisher_id) for engine, crowd in zip(engines, crowds, strict=True)]


def _in_postgres(stand: Stand, crowds: Sequence[_Crowd], rounds: int) -> list[list[float]]:
    """Each crowd alone in the tables."""
    taken: list[list[float]] = []
    engine = PostgresEngine(stand.database("search", "system").engine)
    for crowd in crowds:
        with psycopg.connect(crowd.database_url, autocommit=True) as connection:
            connection.execute("TRUNCATE search_transaction_document, search_transaction_token")
            _copy(connection, crowd)
            connection.execute("VACUUM ANALYZE search_transaction_document, search_transaction_token")
        taken += _in_turns(_asking([engine], [crowd]), [crowd], rounds)
    return taken


def _documents(crowd: _Crowd, numbers: range) -> Iterator[TransactionDocument]:
    for number in numbers:
        owner = customer_id(1 + number % CUSTOMERS)
        state = {"external_order_id": order_id(number)}
        yield transaction_document(crowd.publisher_id, transaction_id(number), owner, state, doc_version=1)


def _fill_opensearch(crowd: _Crowd) -> None:
    engine = OpenSearchEngine(OpenSearchSettings(crowd.opensearch_url, crowd.prefix))
    engine.ensure()
    client = OpenSearch([crowd.opensearch_url], timeout=120)
    client.indices.put_settings(index=f"{crowd.prefix}*", body={"index": {"refresh_interval": "30s"}})
    people = [_person(crowd, number) for number in range(1, CUSTOMERS + 1)]
    engine.write(people)
    with psycopg.connect(crowd.database_url) as connection, connection.cursor() as cursor:
        columns = "(publisher_id, customer_id, customer, customer_version, doc_version)"
        with cursor.copy(f"COPY search_customer {columns} FROM STDIN".encode()) as copy:
            for person in people:
                state = {name: value for name, value in person.stored.items() if name != "publisher_id"}
                copy.write_row((person.publisher_id, person.customer_id, Jsonb(state), 1, 1))
    firsts = range(0, crowd.transactions, BATCH)
    with ProcessPoolExecutor(2) as pool:
        for _ in pool.map(partial(_write, crowd), firsts, chunksize=4):
            pass
    client.indices.refresh(index=f"{crowd.prefix}*", request_timeout=600)
    client.indices.forcemerge(index=f"{crowd.prefix}*", params={"max_num_segments": 5}, request_timeout=1_800)
    client.close()


def _write(crowd: _Crowd, first: int) -> None:
    engine = OpenSearchEngine(OpenSearchSettings(crowd.opensearch_url, crowd.prefix))
    engine.write(list(_documents(crowd, range(first, min(first + BATCH, crowd.transactions)))))


def _person(crowd: _Crowd, number: int) -> CustomerDocument:
    (person,) = customers(1, first=number)
    blank = dict.fromkeys(("company", "birthdate", "phone", "address", "anonymized_at", "last_login_at"))
    state = {**blank, "attributes": {}, **person.body(), "id": customer_id(number), "publisher_id": crowd.publisher_id}
    return customer_document({**state, "status": "active", "version": 1}, doc_version=1)


def _copy(connection: psycopg.Connection, crowd: _Crowd) -> None:
    documents = "(publisher_id, transaction_id, customer_id, doc_version, deleted, stored)"
    tokens = "(publisher_id, token, transaction_id, attribute, kind, customer_id)"
    numbers = range(crowd.transactions)
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY search_transaction_document {documents} FROM STDIN".encode()) as copy:
            for each in _documents(crowd, numbers):
                copy.write_row((each.publisher_id, each.id, each.customer_id, 1, False, Jsonb(dict(each.stored))))
        with cursor.copy(f"COPY search_transaction_token {tokens} FROM STDIN".encode()) as copy:
            for each in _documents(crowd, numbers):
                for name, found in each.tokens().items():
                    number = BY_TRANSACTION_ATTRIBUTE[name].number
                    for token, kind in found.items():
                        copy.write_row((each.publisher_id, token, each.id, number, int(kind), each.customer_id))

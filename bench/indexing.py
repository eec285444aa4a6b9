"""From events in the queue to customers that are found, against raw ``_bulk`` of the same documents."""

from __future__ import annotations

import os
import secrets
import signal
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

import orjson
from opensearchpy import OpenSearch

from bench.measure import Row, take_turns
from bench.people import created_events
from bench.processes import Child, free_port, wait_for_port, wait_until
from bench.stand import Stand
from servicekit import clock
from servicekit.bus import Message, Outcome
from servicekit.bus.amqp import AmqpBus
from servicekit.events import Event
from servicekit.ids import new_id
from services.search.documents import customer_document
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.opensearch_index import index_body, mapping, source_of
from services.search.inbound.customer import customer_told

AIM = 0.4
CHUNK = 500
_LOOK_SECONDS = 0.02
_MOST_SECONDS = 600.0


def measure(stand: Stand, quick: bool) -> list[Row]:
    """Worker and indexer as processes of their own. Both sides write to a new index each round."""
    stand.require("RabbitMQ", "OpenSearch")
    rounds, customers = (1, 400) if quick else (5, 10_000)

    def baseline() -> float:
        return _bulk(stand, created_events(new_id("pub"), customers, at=clock.now()))

    def ours() -> float:
        return _index(stand, customers)

    take_turns(1, baseline=baseline, ours=ours)  # OpenSearch is slow while it is cold
    found = take_turns(rounds, baseline=baseline, ours=ours)
    return [
        Row(
            name="indexing",
            what="events to searchable",
            ours=statistics.median(found.ours),
            baseline=statistics.median(found.baseline),
            unit="customers/s",
            aim=AIM,
            ratios=found.ratios,
            details={"customers": customers, "ours": found.ours, "baseline": found.baseline},
        )
    ]


def _index(stand: Stand, customers: int) -> float:
    prefix = f"{stand.installation.prefix}{secrets.token_hex(3)}-"
    engine = OpenSearchEngine(OpenSearchSettings(url=stand.opensearch_url, prefix=prefix))
    engine.ensure()
    with ExitStack() as stack:
        worker = _started(stand, stack, "worker", prefix)
        _started(stand, stack, "indexer", prefix)
        warm, publisher_id = new_id("pub"), new_id("pub")
        _publish(stand, created_events(warm, 200, at=clock.now()))
        _wait_for_count(engine, warm, 200)
        # Held back until everything is in the queue, so that publishing is not what is measured.
        os.kill(worker.process.pid, signal.SIGSTOP)
        _publish(stand, created_events(publisher_id, customers, at=clock.now()))
        os.kill(worker.process.pid, signal.SIGCONT)
        began = time.perf_counter()
        _wait_for_count(engine, publisher_id, customers)
        return customers / (time.perf_counter() - began)


def _started(stand: Stand, stack: ExitStack, command: str, prefix: str) -> Child:
    port = free_port()
    child = stand.process("search", command, on=stack, OPENSEARCH_PREFIX=prefix, METRICS_PORT=str(port))
    wait_for_port(child, port)
    return child


def _publish(stand: Stand, events: Sequence[Event]) -> None:
    publisher = AmqpBus(stand.amqp_url, exchange=stand.topology.exchange).publisher()
    messages = [Message(id=event.id, type=event.type, body=event.to_json(), headers={}) for event in events]
    outcomes = publisher.publish(messages, timeout=60)
    publisher.close()
    if set(outcomes) != {Outcome.CONFIRMED}:
        raise RuntimeError(f"RabbitMQ did not take the events: {set(outcomes)}")


def _wait_for_count(engine: OpenSearchEngine, publisher_id: str, count: int) -> None:
    wait_until(
        f"{count} customers to be found",
        lambda: engine.count(publisher_id) >= count,
        seconds=_MOST_SECONDS,
        every=_LOOK_SECONDS,
    )


def _bulk(stand: Stand, events: Sequence[Event]) -> float:
    """Requests that were ready before the clock started, one after the other, until all can be counted."""
    client = OpenSearch([stand.opensearch_url], timeout=60)
    index = f"{stand.installation.prefix}{secrets.token_hex(3)}-raw"
    client.indices.create(index=index, body=index_body(mapping(), shards=1, replicas=0))
    operations = [_operation(event) for event in events]
    requests = [b"".join(operations[start : start + CHUNK]) for start in range(0, len(operations), CHUNK)]
    began = time.perf_counter()
    for request in requests:
        answer = client.bulk(body=request, index=index, params={"filter_path": "errors"})
        if answer["errors"]:
            raise RuntimeError("OpenSearch refused documents")
    wait_until(
        "all documents to be counted",
        lambda: bool(client.count(index=index)["count"] == len(events)),
        seconds=_MOST_SECONDS,
        every=_LOOK_SECONDS,
    )
    seconds = time.perf_counter() - began
    client.close()
    return len(events) / seconds


def _operation(event: Event) -> bytes:
    """The product's document of this customer, and its action line."""
    told = customer_told(event.subject, event.aggregate_version, event.data)
    document = customer_document({**told.state, "publisher_id": event.publisher_id}, doc_version=1)
    action = {"index": {"_id": event.subject, "version": 1, "version_type": "external_gte"}}
    return orjson.dumps(action) + b"\n" + orjson.dumps(source_of(document)) + b"\n"

"""Searching a crowd: the product against the bare serving of the same bytes, the engines against plain ones.

By default 10,000 customers; ``--sizes 10000,100000,1000000`` measures the whole, and how it grows.
"""

from __future__ import annotations

import gc
import http.client
import json
import secrets
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from opensearchpy import OpenSearch

from bench.crowd import PLAIN_FIELDS, Place, fill
from bench.measure import Row, percentile
from bench.processes import free_port, running, wait_for_port
from bench.searches import EXACT, Search, searches
from bench.stand import Stand
from servicekit.ids import new_id
from services.search.engine.errors import TooBroad
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.engine.opensearch_query import query_of
from services.search.engine.port import EXACT_TOTAL, Engine
from services.search.engine.postgres import PostgresEngine
from services.search.query.parse import parse

SIZES: list[int] = [10_000]
"""Customers; set by the command."""
OVERHEAD_AIM, TOOK_AIM, GROWTH_AIM, EXACT_GROWTH_AIM, EMBEDDED_AIM = 2.5, 2.0, 1.5, 1.1, 2.0
LIMIT = 50
RATE = 20.0
"""Requests a second of the open loop."""


@dataclass
class _Size:
    """What was measured with one crowd, in milliseconds."""

    customers: int
    overheads: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    open_overheads: list[float] = field(default_factory=list)
    open_bare: list[float] = field(default_factory=list)
    whole: dict[str, list[float]] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    plain_took: list[float] = field(default_factory=list)
    opensearch: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)
    slowest: dict[str, dict[str, float]] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)
    """What the embedded engine answered in parts, or not, because its time was over."""


def measure(stand: Stand, quick: bool) -> list[Row]:
    """Each size in turn; one worker with eight threads on either side of the pairs."""
    stand.require("OpenSearch")
    found = [_measured(stand, 1_000 if quick else size, quick) for size in SIZES]
    rows = [row for size in found for row in _rows(size)]
    if len(found) > 1:
        rows += _growth(found[0], found[-1])
    return rows


def _measured(stand: Stand, customers: int, quick: bool) -> _Size:
    run = secrets.token_hex(3)
    prefix = f"{stand.installation.prefix}{run}-"
    place = Place(
        new_id("pub"),
        stand.installation.urls("search").migrate,
        stand.opensearch_url,
        prefix,
        f"{prefix}plain",
    )
    fill(place, customers)
    size = _Size(customers)
    mix = searches(customers, 56 if quick else 280)
    rounds = 1 if quick else 5
    gc.collect()
    _measure_engines(stand, place, mix, rounds, size)
    with ExitStack() as stack:
        settings = {"OPENSEARCH_PREFIX": prefix, "SEARCH_ENGINE": "opensearch"}
        ours = Server(stand.web("search", on=stack, **settings), stand.token(place.publisher_id))
        answers = {search.q: ours.get(search.q) for search in mix}
        bare = Server(_bare(stand, {q: answer.body for q, answer in answers.items()}, stack), ours.token)
        _closed_loop(ours, bare, mix, rounds, size)
        _open_loop(ours, bare, mix, 2.0 if quick else 15.0, size)
    OpenSearch([stand.opensearch_url]).indices.delete(index=f"{prefix}*")
    return size


def _bare(stand: Stand, answers: dict[str, str], stack: ExitStack) -> int:
    file = stand.directory / f"answers-{secrets.token_hex(3)}.json"
    file.write_text(json.dumps(answers))
    port = free_port()
    settings = {
        "BARE_ANSWERS": str(file),
        "BARE_BIND": f"127.0.0.1:{port}",
        "BARE_IDENTITY_URL": stand.identity_url(),
    }
    child = stack.enter_context(running("bare-search", ["-m", "bench.bare_search"], settings, stand.directory))
    wait_for_port(child, port)
    return port


@dataclass(frozen=True, slots=True)
class _Answer:
    body: str
    milliseconds: float
    engine: float


class Server:
    """One kept connection to a server."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, q: str) -> _Answer:
        began = time.perf_counter()
        path = f"/v1/search/customers?q={quote(q)}&limit={LIMIT}"
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        response = self._connection.getresponse()
        body = response.read().decode()
        seconds = time.perf_counter() - began
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {body[:300]}")
        timing = response.headers.get("Server-Timing", "engine;dur=0")
        return _Answer(body, seconds * 1_000, float(timing.partition("dur=")[2]))


def _closed_loop(ours: Server, bare: Server, mix: Sequence[Search], rounds: int, size: _Size) -> None:
    """One client, pairs in turn: who begins changes with every pair."""
    for search in mix:
        ours.get(search.q)
        bare.get(search.q)
    for number in range(rounds):
        for place, search in enumerate(mix):
            first, second = (ours, bare) if (place + number) % 2 else (bare, ours)
            answers = {id(first): first.get(search.q), id(second): second.get(search.q)}
            mine = answers[id(ours)]
            size.overheads.append(mine.milliseconds - mine.engine)
            size.bare.append(answers[id(bare)].milliseconds)
            size.whole.setdefault(search.kind, []).append(mine.milliseconds)


def _open_loop(ours: Server, bare: Server, mix: Sequence[Search], seconds: float, size: _Size) -> None:
    """Twenty requests a second whether or not earlier ones were answered; the two servers take turns."""
    for _ in range(2):
        size.open_overheads += [answer.milliseconds - answer.engine for answer in _at_rate(ours, mix, seconds / 2)]
        size.open_bare += [answer.milliseconds for answer in _at_rate(bare, mix, seconds / 2)]


def _at_rate(server: Server, mix: Sequence[Search], seconds: float) -> list[_Answer]:
    answers: list[_Answer] = []
    began = time.perf_counter()

    def send(search: Search) -> None:
        answers.append(Server(server.port, server.token).get(search.q))

    threads = []
    for number in range(int(seconds * RATE)):
        time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        threads.append(threading.Thread(target=send, args=(mix[number % len(mix)],)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return answers


def _measure_engines(stand: Stand, place: Place, mix: Sequence[Search], rounds: int, size: _Size) -> None:
    """Both engines as the service calls them, and a fixed plain ``multi_match``, in turn."""
    opensearch = OpenSearchEngine(OpenSearchSettings(url=place.opensearch_url, prefix=place.prefix))
    postgres = PostgresEngine(stand.database("search", "app").engine)
    client = OpenSearch([place.opensearch_url], timeout=60)
    now = datetime.now(UTC)
    means: dict[int, list[list[float]]] = {}
    for number in range(rounds + 1):
        for place_in_mix, search in enumerate(mix):
            query = parse(search.q, now=now)
            times = [
                _took(client, opensearch.alias, query_of(place.publisher_id, query)),
                _took(client, place.plain_index, _plain_query(search.q)),
                _timed(opensearch, place.publisher_id, search.q, now),
                _timed(postgres, place.publisher_id, search.q, now, size.unfinished),
            ]
            if number:  # the first round warms up
                means.setdefault(place_in_mix, []).append(times)
    for place_in_mix, rounds_of in means.items():
        ours, plain, opensearch_ms, postgres_ms = (statistics.mean(column) for column in zip(*rounds_of, strict=True))
        size.took.append(ours)
        size.plain_took.append(plain)
        size.opensearch.append(opensearch_ms)
        size.postgres.append(postgres_ms)
        kind = size.slowest.setdefault(mix[place_in_mix].kind, {"took": 0, "opensearch": 0, "postgres": 0})
        for name, value in (("took", ours), ("opensearch", opensearch_ms), ("postgres", postgres_ms)):
            kind[name] = max(kind[name], round(value, 2))
    client.close()


def _took(client: OpenSearch, index: str, query: dict[str, Any]) -> float:
    body = {"query": query, "size": LIMIT, "track_total_hits": 10_000, "_source": False}
    return float(client.search(index=index, body=body)["took"])


def _plain_query(q: str) -> dict[str, Any]:
    """The same question by the book: every word in one of the fields. Without typos, beginnings, or spellings."""
    return {
        "multi_match": {"query": q, "fields": list(PLAIN_FIELDS), "type": "cross_fields", "operator": "and"},
    }


def _timed(engine: Engine, publisher_id: str, q: str, now: datetime, unfinished: set[str] | None = None) -> float:
    """Milliseconds until it is answered; ``unfinished`` takes what could not be found out whole in its time."""
    began = time.perf_counter()
    try:
        total = engine.search(publisher_id, parse(q, now=now), limit=LIMIT).total
        whole = total.exact or total.value >= EXACT_TOTAL
    except TooBroad:
        whole = False
    if unfinished is not None and not whole:
        unfinished.add(q)
    return (time.perf_counter() - began) * 1_000


def _rows(size: _Size) -> list[Row]:
    crowd = f"{size.customers:,} customers"
    whole = [value for values in size.whole.values() for value in values]
    by_kind = {kind: round(statistics.median(values), 2) for kind, values in size.whole.items()}
    details = {"http_p50": percentile(whole, 0.5), "http_p99": percentile(whole, 0.99), "http_p50_by_kind": by_kind}
    rows = [
        _ratio("over HTTP without the engine, p50", crowd, size.overheads, size.bare, 0.5, OVERHEAD_AIM, details),
        _ratio(f"the same at {RATE:.0f} a second, p50", crowd, size.open_overheads, size.open_bare, 0.5, OVERHEAD_AIM),
    ]
    for share in (0.5, 0.99):
        name = f"p{share * 100:.0f}"
        rows.append(_ratio(f"engine against multi_match, {name}", crowd, size.took, size.plain_took, share, TOOK_AIM))
        rows.append(
            _ratio(
                f"embedded engine against OpenSearch, {name}",
                crowd,
                size.postgres,
                size.opensearch,
                share,
                EMBEDDED_AIM if share == 0.5 else float("inf"),
                {"slowest_by_kind": size.slowest, "longest": max(size.postgres), "unfinished": len(size.unfinished)},
            )
        )
    return rows


def _ratio(
    what: str,
    crowd: str,
    ours: Sequence[float],
    baseline: Sequence[float],
    share: float,
    aim: float,
    details: dict[str, Any] | None = None,
) -> Row:
    mine, other = percentile(list(ours), share), percentile(list(baseline), share)
    return Row(
        name="searching",
        what=f"search {what}, {crowd}",
        ours=mine,
        baseline=other,
        unit="ms",
        aim=aim,
        ratios=[mine / other if other else float("inf")],
        lower_is_better=True,
        details=details or {},
    )


def _growth(smallest: _Size, largest: _Size) -> list[Row]:
    choose: list[tuple[str, float, Callable[[str], bool]]] = [
        ("the mix", GROWTH_AIM, lambda _kind: True),
        ("exact IDs", EXACT_GROWTH_AIM, lambda kind: kind in EXACT),
    ]
    rows = []
    for what, aim, is_chosen in choose:
        small, large = (
            [value for kind, values in size.whole.items() if is_chosen(kind) for value in values]
            for size in (smallest, largest)
        )
        crowds = f"{smallest.customers:,} to {largest.customers:,}"
        rows.append(_ratio(f"growth of {what}, p50 over HTTP", crowds, large, small, 0.5, aim))
    return rows

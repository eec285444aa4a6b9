"""From a customer's creation to when a search finds them, while others are created: the whole chain over HTTP.

``python -m bench.finding`` writes and searches, from a process of its own: one line of JSON in, one out.
"""

from __future__ import annotations

import json
import queue
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.client import Client
from bench.embedded_mode import running_up
from bench.measure import Row, percentile
from bench.people import bodies
from bench.processes import ROOT, environment, free_port, wait_for_port
from bench.stand import Stand
from servicekit.ids import new_id

AIM_SECONDS = 1.0
RATE = 50.0
GROUP = 5
"""So many customers in a row share a last name that nobody else has: one search looks for all of them."""
_LOOK_SECONDS = 0.02
_GIVE_UP_SECONDS = 60.0
_WRITERS = 16


def measure(stand: Stand, quick: bool) -> list[Row]:
    """Both modes; the long form has 2,000 writes in each."""
    writes = 50 if quick else 2_000
    rows = [_measured("embedded mode", _embedded(stand), writes)]
    stand.require("RabbitMQ", "OpenSearch")
    return [_measured("on the real servers", _real(stand), writes), *rows]


def _measured(mode: str, target: Any, writes: int) -> Row:
    with target as order:
        _run_apart({**order, "writes": min(writes, 100)})  # caches, connections, statements
        found = _run_apart({**order, "writes": writes})
    waits: list[float] = found["waits"]
    return Row(
        name="finding",
        what=f"creation to found, p99, {mode}",
        ours=percentile(waits, 0.99),
        unit="s",
        aim=AIM_SECONDS,
        details={
            "samples": len(waits),
            "p50": percentile(waits, 0.5),
            "p99": percentile(waits, 0.99),
            "longest": max(waits),
            "from_request_p50": percentile(found["from_request"], 0.5),
            "from_request_p99": percentile(found["from_request"], 0.99),
            "written_per_second": found["written_per_second"],
            "looked_every": found["looked_every"],
        },
    )


@contextmanager
def _real(stand: Stand) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        ports = {name: stand.web(name, on=stack) for name in ("customers", "search")}
        for service, command in (("customers", "relay"), ("search", "worker"), ("search", "indexer")):
            port = free_port()
            wait_for_port(stand.process(service, command, on=stack, METRICS_PORT=str(port)), port)
        yield {**ports, "credential": stand.token(new_id("pub"))}


@contextmanager
def _embedded(stand: Stand) -> Iterator[dict[str, Any]]:
    with running_up(stand.directory / "finding") as up:
        yield {"customers": up.port, "search": up.port, "credential": up.api_key}


def _run_apart(order: dict[str, Any]) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-m", "bench.finding"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment({}),
    )
    if result.returncode:
        raise RuntimeError(f"writing and searching failed: {result.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@dataclass
class _Run:
    """What is written, what was answered, what is still looked for. All moments by one clock."""

    order: dict[str, Any]
    jobs: queue.Queue[tuple[dict[str, Any], float] | None] = field(default_factory=queue.Queue)
    answered: dict[str, tuple[str, float, float]] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)
    looked: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def client(self, service: str) -> Client:
        return Client(self.order[service], self.order["credential"])

    def write(self) -> None:
        """A writer: takes what is due, as long as there is something."""
        client = self.client("customers")
        while (job := self.jobs.get()) is not None:
            body, due = job
            try:
                customer_id = client.post("/v1/customers", body)["id"]
            except (OSError, RuntimeError) as error:
                self.failures.append(str(error))
                return
            self.answered[customer_id] = (body["last_name"], due, time.perf_counter())

    def look(self, expected: int) -> None:
        """Search for who is not found yet until all are. Raises RuntimeError."""
        client = self.client("search")
        deadline = time.perf_counter() + expected / RATE + _GIVE_UP_SECONDS
        while len(self.found) < expected:
            began = time.perf_counter()
            missing = {name for known, (name, *_) in list(self.answered.items()) if known not in self.found}
            for name in sorted(missing):
                items = client.get(f"/v1/search/customers?q={name}&limit=20")["items"]
                moment = time.perf_counter()
                for item in items:
                    self.found.setdefault(item["id"], moment)
            if self.failures or began > deadline:
                raise RuntimeError(self.failures[0] if self.failures else f"{len(missing)} were never found")
            self.looked.append(time.perf_counter() - began)
            time.sleep(max(0.0, began + _LOOK_SECONDS - time.perf_counter()))


def _run(order: dict[str, Any]) -> dict[str, Any]:
    run, writes = _Run(order), int(order["writes"])
    word = "bench" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))
    people = [{**body, "last_name": f"{word}{n // GROUP}x"} for n, body in enumerate(bodies(writes))]
    writers = [threading.Thread(target=run.write, daemon=True) for _ in range(_WRITERS)]
    for writer in writers:
        writer.start()
    schedule = threading.Thread(target=_schedule, args=(run, people), daemon=True)
    began = time.perf_counter()
    schedule.start()
    run.look(writes)
    last = max(answered for _, _, answered in run.answered.values())
    return {
        "waits": [max(0.0, run.found[known] - answered) for known, (_, _, answered) in run.answered.items()],
        "from_request": [run.found[known] - due for known, (_, due, _) in run.answered.items()],
        "written_per_second": writes / (last - began),
        "looked_every": statistics.median(max(_LOOK_SECONDS, seconds) for seconds in run.looked),
    }


def _schedule(run: _Run, people: list[dict[str, Any]]) -> None:
    """Open loop: each is due at its time, whether or not the ones before have been answered."""
    began = time.perf_counter()
    for number, body in enumerate(people):
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        run.jobs.put((body, due))
    for _ in range(_WRITERS):
        run.jobs.put(None)


if __name__ == "__main__":
    print(json.dumps(_run(json.loads(sys.stdin.read()))))

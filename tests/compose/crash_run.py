"""Kill containers of a running installation while customers are created, then see that nothing is lost or doubled.

    python tests/compose/crash_run.py --url http://127.0.0.1:8080 --api-key ak_live_… customers-relay search-worker …

Needs the standard library only, ``docker compose`` on PATH, and a directory that holds docker-compose.yml. On the
machine of the engine itself the process is killed as a crash would (the engine then restarts it); elsewhere, or without
the right to, by ``docker kill`` and ``docker start``. Ends with 1 if anything is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SETTLE_SECONDS = 600.0
"""How long to wait for a part to come back, and for the index to have everything: a crowded machine is slow."""


Answer = tuple[int, dict[str, Any]]


@dataclass
class Api:
    """The product's address and a key for it."""

    url: str
    key: str

    def call(self, method: str, path: str, body: object = None, idempotency_key: str = "") -> Answer:
        """One request: status and document. Raises OSError when there is no answer."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            error.read()
            return error.code, {}


@dataclass
class Writer:
    """Creates customers one after another, each until it is acknowledged, as a careful program would."""

    api: Api
    name: str
    stop: threading.Event
    acknowledged: dict[str, str] = field(default_factory=dict)
    retries: int = 0

    def run(self) -> None:
        """Until told to stop."""
        while not self.stop.is_set():
            self._create(f"{self.name}{len(self.acknowledged)}@example.com")

    def _create(self, email: str) -> None:
        key = secrets.token_hex(16)
        body = {"email": email, "first_name": "Kay", "last_name": self.name}
        while True:
            try:
                status, document = self.api.call("POST", "/v1/customers", body, key)
            except OSError:
                status, document = 0, {}
            if status == 201:
                self.acknowledged[email] = str(document["id"])
                return
            if status not in (0, 409, 429) and status < 500:
                raise SystemExit(f"{email}: {status}")
            self.retries += 1
            time.sleep(0.2)  # the service is down: what is waited for is its return, told by nothing else


def compose(*arguments: str) -> str:
    """Standard output of ``docker compose``."""
    done = subprocess.run(["docker", "compose", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def inspect(container: str, what: str) -> str:
    """One field of a container."""
    command = ["docker", "inspect", "--format", "{{" + what + "}}", container]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def kill(service: str) -> None:
    """Kill every container of a service at once, and return when all of them run and are healthy again."""
    containers = compose("ps", "--quiet", service).split()
    before = {container: inspect(container, ".State.StartedAt") for container in containers}
    for container in containers:
        try:
            os.kill(int(inspect(container, ".State.Pid")), signal.SIGKILL)
        except (PermissionError, ProcessLookupError):
            subprocess.run(["docker", "kill", container], capture_output=True, check=True)
            subprocess.run(["docker", "start", container], capture_output=True, check=True)
    wait_until(
        f"{service} to come back",
        lambda: all(
            inspect(container, ".State.StartedAt") != started
            and inspect(container, ".State.Health.Status") == "healthy"
            for container, started in before.items()
        ),
    )


def wait_until(what: str, condition: Callable[[], bool]) -> float:
    """Seconds until ``condition`` held. Ends the program after ``SETTLE_SECONDS``."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > SETTLE_SECONDS:
            raise SystemExit(f"waited {SETTLE_SECONDS:.0f} s for {what}")
        time.sleep(0.3)
    return time.monotonic() - start


def every_customer(api: Api, run: str) -> list[tuple[str, str]]:
    """Email and ID of all customers of this run, from the owner's list."""
    items = paged(api, "/v1/customers?limit=100")
    return [(item["email"], item["id"]) for item in items if (item["last_name"] or "").startswith(run)]


def every_found(api: Api, run: str) -> list[tuple[str, str]]:
    """Email and ID of all customers of this run, from search."""
    return [(item["email"], item["id"]) for item in paged(api, f"/v1/search/customers?q={run}&limit=100")]


def paged(api: Api, path: str) -> list[dict[str, Any]]:
    """All items of a list. Raises OSError while it can't be had."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        status, page = api.call("GET", path + cursor)
        if status != 200:
            raise OSError(f"{path} answers {status}")
        items += page["items"]
        if not page["next_cursor"]:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("services", nargs="+")
    arguments = parser.parse_args()
    api = Api(arguments.url, arguments.api_key)
    run = "run" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))
    stop = threading.Event()
    writers = [Writer(api, run + suffix, stop) for suffix in ("north", "south")]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    for service in arguments.services * arguments.rounds:
        count = sum(len(writer.acknowledged) for writer in writers)
        seconds = timed(service)
        now = sum(len(writer.acknowledged) for writer in writers)
        print(f"{service:18} killed, healthy again after {seconds:5.1f} s; {now - count} customers created meanwhile")
    stop.set()
    for thread in threads:
        thread.join()
    acknowledged = {email: customer for writer in writers for email, customer in writer.acknowledged.items()}
    sys.exit(0 if check(api, run, acknowledged, sum(writer.retries for writer in writers)) else 1)


def timed(service: str) -> float:
    """Kill a service; seconds until it is healthy again."""
    start = time.monotonic()
    kill(service)
    return time.monotonic() - start


def check(api: Api, run: str, acknowledged: dict[str, str], retries: int) -> bool:
    """Whether every acknowledged customer is there once, and found once."""
    expected = sorted(acknowledged.items())

    def all_found() -> bool:
        try:
            return sorted(every_found(api, run)) == expected
        except OSError:
            return False

    seconds = wait_until("everything to be found, once", all_found)
    kept = sorted(every_customer(api, run))
    print(f"{len(expected)} acknowledged after {retries} retries, {len(kept)} kept, all found {seconds:.1f} s later")
    for what, customers in (("lost", set(expected) - set(kept)), ("not acknowledged", set(kept) - set(expected))):
        for customer in sorted(customers):
            print(f"{what}: {customer}")
    return kept == expected


if __name__ == "__main__":
    main()

"""Load on an HTTP server from a process of its own, over kept connections: each sends when it has its answer.

``python -m bench.load``: one line of JSON on standard input says what to do, one on standard output how it went.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from bench.people import bodies
from bench.processes import ROOT, environment

_MOST_PER_SECOND = 4000  # bodies are made before the clock starts; no server of one process answers more


@dataclass
class _Client:
    """One connection. ``answered`` are the moments of its answers."""

    port: int
    token: str
    requests: list[bytes]
    seconds: float
    answered: list[float] = field(default_factory=list)
    failure: str = ""

    def run(self, begin: threading.Barrier) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                begin.wait()
                deadline = time.perf_counter() + self.seconds
                for request in self.requests:
                    connection.sendall(request)
                    _read_answer(connection)
                    self.answered.append(time.perf_counter())
                    if self.answered[-1] > deadline:
                        return
                self.failure = "it ran out of requests"
        except (OSError, RuntimeError) as error:
            begin.abort()
            self.failure = str(error)


def measure_rate(port: int, token: str, *, seconds: float, connections: int = 8) -> float:
    """Customers created in a second, by a process of its own. Raises RuntimeError if a request fails."""
    order = {"port": port, "token": token, "seconds": seconds, "connections": connections}
    result = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment({}),
    )
    if result.returncode:
        raise RuntimeError(f"the load failed: {result.stderr.strip().splitlines()[-1]}")
    return float(json.loads(result.stdout)["rate"])


def post_request(path: str, body: dict[str, Any], token: str) -> bytes:
    """A POST as it goes over the wire."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _read_answer(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, rest = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 201"):
        raise RuntimeError(f"{head.splitlines()[0].decode()}: {rest[:300].decode(errors='replace')}")
    lengths = [line.split(b":")[1] for line in head.splitlines() if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(rest)
    while missing > 0:
        missing -= len(_receive(connection))


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data


def _run(order: dict[str, Any]) -> float:
    count = int(_MOST_PER_SECOND * order["seconds"] / order["connections"])
    clients = [
        _Client(
            order["port"],
            order["token"],
            [post_request("/v1/customers", body, order["token"]) for body in bodies(count)],
            order["seconds"],
        )
        for _ in range(order["connections"])
    ]
    begin = threading.Barrier(len(clients) + 1)
    threads = [threading.Thread(target=client.run, args=(begin,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        begin.wait()
    except threading.BrokenBarrierError:
        began = 0.0
    else:
        began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures := [client.failure for client in clients if client.failure]:
        raise SystemExit(failures[0])
    end = began + order["seconds"]
    answered = sum(1 for client in clients for moment in client.answered if moment <= end)
    return float(answered / order["seconds"])


if __name__ == "__main__":
    print(json.dumps({"rate": _run(json.loads(sys.stdin.read()))}))

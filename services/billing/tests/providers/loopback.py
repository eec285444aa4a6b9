"""An HTTP server on the loopback interface that stands in for a provider, and can be told to misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

# Longer than any client of these tests waits.
HANG_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Request:
    """What came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an object as JSON."""

    status: int
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Application = Callable[[Request], Answer]


class Troubles:
    """What is to happen to the next request of a method and path prefix.

    ``lost_before``, ``lost_after``: the connection ends without an answer, before or after it is carried out; ``hang``:
    no answer in time, though carried out; ``garbage``: HTML in place of JSON, though carried out; ``failed``: 500,
    though carried out; ``busy``: 429, not carried out; ``down``: 503, not carried out.
    """

    def __init__(self) -> None:
        self._next: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()

    def add(self, method: str, prefix: str, kind: str) -> None:
        """For one request."""
        with self._lock:
            self._next.append((method, prefix, kind))

    def take(self, method: str, path: str) -> str | None:
        """The trouble for this request, which is then spent."""
        with self._lock:
            for trouble in self._next:
                if trouble[0] == method and path.startswith(trouble[1]):
                    self._next.remove(trouble)
                    return trouble[2]
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no news."""


@contextmanager
def serving(application: Application, troubles: Troubles) -> Iterator[str]:
    """The address of a server for the time of the block."""
    let_go = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            target = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(target.query, keep_blank_values=True))
            # Names of headers as they are written in the provider's documents, whatever the client made of them.
            headers = {name.title(): value for name, value in self.headers.items()}
            request = Request(self.command, target.path, query, headers, body)
            trouble = troubles.take(request.method, request.path)
            answer = Answer(429) if trouble == "busy" else Answer(503) if trouble == "down" else None
            if answer is None and trouble != "lost_before":
                answer = application(request)
            if trouble == "hang":
                let_go.wait(HANG_SECONDS)
            if trouble in ("lost_before", "lost_after", "hang") or answer is None:
                self.close_connection = True
                return
            self._send(Answer(500) if trouble == "failed" else answer, trouble == "garbage")

        def _send(self, answer: Answer, garbled: bool) -> None:
            missing = {"error": {"type": "api_error", "message": "trouble"}}
            content = answer.content if answer.content is not None or answer.status < 300 else missing
            body = b"<html>It works!</html>" if garbled else b"" if content is None else json.dumps(content).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if garbled else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Nothing to the console."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()

"""Both gateways on a loopback port, in front of small services whose answers a test decides."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import waitress.server

from servicekit.errors import Forbidden, Problem, TooManyRequests, Unauthorized, Unavailable
from services.gateway.dispatcher import create_dispatcher
from services.gateway.nginx_conf import NginxOptions, render
from services.gateway.routes import NOT_KEPT_HEADER, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CACHE_SECONDS = 1


@dataclass
class Identity:
    """Stands in for identity: knows some credentials, counts exchanges, fails as told."""

    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failure: Problem | None = None
    ready: bool = True
    not_kept: set[str] = field(default_factory=set)

    def exchange(self, credential: str) -> str:
        self.asked.append(credential)
        if self.failure is not None:
            raise self.failure
        if credential not in self.tokens:
            raise Unauthorized("unknown", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return self.tokens[credential]

    def app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The exchange as identity offers it to nginx; every other address echoes."""
        if environ["PATH_INFO"] == "/readyz":
            status = "200 OK" if self.ready else "503 Service Unavailable"
            start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
            return [b'{"status":"ok"}' if self.ready else b"identity's own words"]
        if environ["PATH_INFO"] != "/internal/exchange":
            return echo("identity")(environ, start_response)
        try:
            token = self.exchange(environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2])
        except Problem as problem:
            start_response(f"{problem.status} {problem.title}", list(problem.headers.items()))
            return [b"identity's own words"]
        # As the kit answers: caching is the gateway's business, not this header's.
        not_kept = [(NOT_KEPT_HEADER, "1")] if token in self.not_kept else []
        start_response("204 No Content", [("X-Internal-Token", token), ("Cache-Control", "no-store"), *not_kept])
        return []


def echo(service: str) -> WSGIApplication:
    """A service that answers with what reached it."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/teapot"):
            start_response("401 Its own", [("Content-Type", "application/problem+json"), ("X-Request-Id", "own")])
            return [b'{"code":"its_own"}']
        seen = {
            "service": service,
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "headers": {
                name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")
            },
            "body_bytes": len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))),
        }
        request_id = environ.get("HTTP_X_REQUEST_ID", "")
        start_response("200 OK", [("Content-Type", "application/json"), ("X-Request-Id", request_id)])
        return [orjson.dumps(seen)]

    return app


@contextmanager
def serving(app: WSGIApplication) -> Iterator[int]:
    """Serve ``app`` on a free loopback port."""
    # What the gateway says in X-Forwarded-For must arrive.
    server: Any = waitress.server.create_server(
        app, host="127.0.0.1", port=0, threads=8, clear_untrusted_proxy_headers=False
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        # Another thread's pull may carry the closing, and its trigger with it, before this one has pulled.
        with suppress(OSError):
            server.trigger.pull_trigger(server.close)
        thread.join(5)
        assert not thread.is_alive()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Gateway:
    """A running gateway and the identity behind it."""

    kind: str
    port: int
    identity: Identity
    stop_identity: Callable[[], None]
    stop_service: Callable[[], None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(self, request: bytes) -> bytes:
        """Send these very bytes; the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received


@contextmanager
def _dispatcher(identity: Identity) -> Iterator[Gateway]:
    down: list[Problem] = []

    def exchange(credential: str) -> str:
        if down:
            raise down[0]
        return identity.exchange(credential)

    apps: dict[str, WSGIApplication] = {name: echo(name) for name in SERVICES}
    dispatcher = create_dispatcher(
        apps, exchange, cache_seconds=CACHE_SECONDS, ready=lambda: identity.ready and not down
    )
    with serving(dispatcher) as port:
        yield Gateway("dispatcher", port, identity, lambda: down.append(Unavailable("down")), lambda: None)


@contextmanager
def _nginx(identity: Identity, directory: Path) -> Iterator[Gateway]:
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        if os.environ.get("ACCOUNTS_REQUIRE_SERVERS") == "1":
            pytest.fail("there is no nginx, but ACCOUNTS_REQUIRE_SERVERS=1 says that there is")
        pytest.skip("needs nginx, which is not installed")
    with ExitStack() as identity_side, ExitStack() as service_side:
        identity_port = identity_side.enter_context(serving(identity.app))
        service_port = service_side.enter_context(serving(echo("customers")))
        upstreams = dict.fromkeys(SERVICES, f"127.0.0.1:{service_port}") | {"identity": f"127.0.0.1:{identity_port}"}
        with _nginx_running(binary, upstreams, directory) as port:
            yield Gateway("nginx", port, identity, identity_side.close, service_side.close)


@contextmanager
def _nginx_running(binary: str, upstreams: dict[str, str], directory: Path) -> Iterator[int]:
    port = free_port()
    options = NginxOptions(
        listen=f"127.0.0.1:{port}",
        upstreams=upstreams,
        cache_path=str(directory / "exchange"),
        cache_seconds=CACHE_SECONDS,
        access_log=str(directory / "access.log"),
        error_log=str(directory / "error.log"),
    )
    (directory / "gateway.conf").write_text(render(options))
    (directory / "nginx.conf").write_text(
        _MAIN.format(directory=directory, user="user root;" if os.getuid() == 0 else "")
    )
    process = subprocess.Popen([binary, "-p", str(directory), "-c", "nginx.conf", "-e", str(directory / "error.log")])
    try:
        _await_port(port, process, directory / "error.log")
        yield port
    finally:
        process.terminate()
        process.wait(10)


_MAIN = """
{user}
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/gateway.conf;
}}
"""


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"nginx ended: {log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("nginx doesn't listen")


@pytest.fixture
def identity() -> Identity:
    return Identity({"ak_live_" + "a" * 43: "header.for-a.signature", "ses_" + "s" * 43: "header.for-s.signature"})


@pytest.fixture(params=["dispatcher", "nginx"])
def gateway(request: pytest.FixtureRequest, identity: Identity, tmp_path: Path) -> Iterator[Gateway]:
    with _dispatcher(identity) if request.param == "dispatcher" else _nginx(identity, tmp_path) as running:
        yield running


@pytest.fixture
def nginx(identity: Identity, tmp_path: Path) -> Iterator[Gateway]:
    with _nginx(identity, tmp_path) as running:
        yield running


FAILURES = {
    401: Unauthorized("no", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}),
    403: Forbidden("no"),
    429: TooManyRequests("slow", retry_after=7),
    503: Unavailable("down"),
}

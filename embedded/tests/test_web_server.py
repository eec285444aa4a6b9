"""What the web server makes of bytes, before any application sees them."""

from __future__ import annotations

import json
import os
import select
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from embedded.web_server import LARGEST_BODY, WebServer
from services.gateway.routes import FILE_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Ask = Callable[[bytes], tuple[int, dict[str, str], Any]]


def _echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/defect":
        raise RuntimeError
    told = {"path": environ["PATH_INFO"].encode("latin-1").decode(), "query": environ["QUERY_STRING"]}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Sends bytes and returns the answer: status, headers by small names, document."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        server = WebServer(_echo, listener)
        server.start()

        def send(request: bytes) -> tuple[int, dict[str, str], Any]:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            head, _, body = answer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            return int(first.split()[1]), headers, json.loads(body)

        yield send
        server.stop()


def test_an_address_as_it_is_typed_is_understood(ask: Ask) -> None:
    status, _, told = ask("GET /straße?q=müller HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert status == 200
    assert told == {"path": "/straße", "query": "q=m%C3%BCller"}


POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


def test_a_file_may_be_larger_where_files_are_taken(ask: Ask) -> None:
    head = b"POST /v1/customers/imports?name=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    status, _, told = ask(head % (LARGEST_BODY + 1) + b"x" * (LARGEST_BODY + 1))
    assert (status, told["path"]) == (200, "/v1/customers/imports")
    assert ask(head % (2 * FILE_BYTES))[0] == 413


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (POST + b"bad header line\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "bad_request"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nnot a size\r\n", 400, "bad_request"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: %d\r\n\r\n" % LARGEST_BODY, 413, "too_large"),
        # All of it is read before the refusal: what stays unread resets the connection.
        ((POST + b"X-Long: ").ljust(262_144, b"x"), 431, "too_large"),
        (b"GET /defect HTTP/1.1\r\nHost: x\r\n\r\n", 500, "internal_error"),
    ],
)
def test_a_refusal_is_a_problem_document_with_an_id(ask: Ask, request_bytes: bytes, status: int, code: str) -> None:
    answered, headers, document = ask(request_bytes)
    assert answered == document["status"] == status
    assert document["code"] == code
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-request-id"] == document["request_id"]


def test_what_was_asked_before_the_end_is_answered() -> None:
    asked, allowed = threading.Event(), threading.Event()

    def slow(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked.set()
        assert allowed.wait(10)
        return _echo(environ, start_response)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = WebServer(slow, listener)
        server.start()
        with socket.create_connection(listener.getsockname(), timeout=10) as connection:
            connection.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert asked.wait(10)
            ending = threading.Thread(target=server.stop)
            ending.start()
            allowed.set()
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
            ending.join(10)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"/late"' in answer


def test_what_never_ends_writes_into_nobody_elses_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.web_server._FINISHING_SECONDS", 0.1)
    asked, allowed, answered = threading.Event(), threading.Event(), threading.Event()

    def stuck(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked.set()
        assert allowed.wait(10)
        answered.set()
        return _echo(environ, start_response)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = WebServer(stuck, listener)
        server.start()
        with socket.create_connection(listener.getsockname(), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert asked.wait(10)
            server.stop()
            pipes = [os.pipe() for _ in range(8)]  # take the file numbers that are free
            allowed.set()
            assert answered.wait(10)
            monkeypatch.undo()
            server.stop()
            written = [reading for reading, _ in pipes if select.select([reading], [], [], 0)[0]]
            for pipe in pipes:
                os.close(pipe[0])
                os.close(pipe[1])
    assert written == []

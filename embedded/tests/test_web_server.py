"""What the web server makes of bytes, before any application sees them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from embedded.web_server import LARGEST_BODY, create_web_server, serve
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
        server = create_web_server(_echo, listener)
        stop = threading.Event()
        thread = threading.Thread(target=serve, args=(server, stop), daemon=True)
        thread.start()

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
        stop.set()
        server.close()
        thread.join(10)


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

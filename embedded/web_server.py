"""The web server of the embedded mode: waitress, whose own refusals are problem documents like everybody else's."""

from __future__ import annotations

import re
import socket
import threading
from copy import copy
from time import monotonic
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask

from servicekit.errors import BadRequest, Problem
from servicekit.ids import new_id
from services.gateway.problems import refusal, rendered
from services.gateway.routes import route_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Over every usual route's own limit, so that the gateway refuses all but the absurd; also framing of chunks is counted.
LARGEST_BODY = 2_000_000
# How long a request that was begun may take when the server is to end.
_FINISHING_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class Parser(HTTPRequestParser):
    """Takes an address as people type it: ``?q=müller`` not percent-encoded, as curl and nginx pass it on; and a file
    where a route is for files (kept on disk until all of it is there)."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the first line, its raw bytes encoded (RFC 3986, 2.1), and the headers as they are."""
        line, end, headers = header_plus.partition(b"\r\n")
        encoded = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line)
        super().parse_header(encoded + end + headers)
        route = route_of(self.path)  # type: ignore[attr-defined]  # the stubs lack it
        if route is not None and route.streamed:
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = 2 * route.body_bytes


class Refusal(ErrorTask):
    """Tells of a request that never reached an application, and of an application's defect."""

    def execute(self) -> None:
        """Answer with a problem document, and close."""
        problem = _problem(self.request.error.code)  # type: ignore[attr-defined]  # the stubs take the request for its error
        body, headers = rendered(problem, new_id("req"))
        self.status = f"{problem.status} {problem.title}"
        self.response_headers = [*self.response_headers, *headers.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection."""

    parser_class = Parser
    error_task_class = Refusal


class WebServer:
    """Serves one site on a socket that listens.

    waitress itself has no end: ``close`` takes the sockets away under the threads that work, and one that finishes
    later writes its wake-up into a file number that may belong to somebody else by then. Here whoever serves finishes
    what it has begun, and everything is closed by whom nobody works for any more.
    """

    def __init__(self, site: WSGIApplication, listener: socket.socket) -> None:
        server = create_server(
            site,
            sockets=[listener],
            threads=8,
            ident="accounts",
            max_request_body_size=LARGEST_BODY,
            clear_untrusted_proxy_headers=True,
        )
        if not isinstance(server, BaseWSGIServer):
            raise TypeError("one socket, one server")
        server.channel_class = Channel  # type: ignore[misc,assignment,unused-ignore]
        self._server: Any = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing new, finish what was asked (for 5 seconds at most), and close.

        What still works then keeps its connections; a later call closes those it is done with.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._server.pull_trigger()
            self._thread.join()
        self._server.task_dispatcher.shutdown(timeout=_FINISHING_SECONDS)
        self._server.socket.close()
        if self._server.task_dispatcher.threads:
            return
        for connection in list(self._server.active_channels.values()):
            connection.close()
        self._server.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._look()
        self._server.accepting = False
        latest = monotonic() + _FINISHING_SECONDS
        while self._is_busy() and monotonic() < latest:
            self._look()

    def _look(self) -> None:
        self._server.asyncore.loop(timeout=_LOOK_SECONDS, map=self._server._map, count=1)  # noqa: SLF001

    def _is_busy(self) -> bool:
        connections = self._server.active_channels.values()
        return any(connection.requests or connection.total_outbufs_len for connection in connections)


def _problem(status: int) -> Problem:
    if status == 501:  # the client can do something about it, so it is the client's
        return BadRequest("Of the transfer codings only chunked is understood: send the body as it is.")
    if status in (400, 413, 431):
        return refusal(status)
    return Problem("This is a defect on our side. The request ID helps to find it.")

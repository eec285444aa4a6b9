"""A TCP proxy that tests can cut, refuse connections with, or have swallow what the server answers."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK = 65536


@dataclass(eq=False)
class _Pair:
    client: socket.socket
    server: socket.socket
    held: bytearray = field(default_factory=bytearray)


class Proxy:
    """Stands between a client and the server at ``host:port``, on a port of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.RLock()
        self._pairs: list[_Pair] = []
        self._open = True
        self._swallowing = False
        self._closed = False
        self.accepted = 0
        """How many connections it has let through so far."""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection and take no new one."""
        with self._lock:
            self._open = False
            for pair in self._pairs:
                _break(pair)
            self._pairs.clear()

    def restore(self) -> None:
        """Let connections and answers through again, those held back as well."""
        with self._lock:
            self._open = True
            self._swallowing = False
            for pair in self._pairs:
                with contextlib.suppress(OSError):
                    pair.client.sendall(bytes(pair.held))
                pair.held.clear()

    def swallow_answers(self) -> None:
        """From now on hold back what the server says; what the client says still arrives."""
        with self._lock:
            self._swallowing = True

    def close(self) -> None:
        """Stop for good."""
        self._closed = True
        self.cut()
        # A thread in accept() would keep the socket alive: wake it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    client.close()
                    continue
                try:
                    server = socket.create_connection(self._target, timeout=5)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                pair = _Pair(client, server)
                self._pairs.append(pair)
                self.accepted += 1
            threading.Thread(target=self._carry, args=(pair,), daemon=True).start()

    def _carry(self, pair: _Pair) -> None:
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as ready:
            ready.register(pair.client, selectors.EVENT_READ)
            ready.register(pair.server, selectors.EVENT_READ)
            while True:
                for key, _events in ready.select():
                    source = pair.client if key.fileobj is pair.client else pair.server
                    data = source.recv(_CHUNK)
                    if not data:
                        raise OSError("closed")
                    self._pass_on(pair, source, data)
        _break(pair)

    def _pass_on(self, pair: _Pair, source: socket.socket, data: bytes) -> None:
        if source is pair.client:
            pair.server.sendall(data)
            return
        with self._lock:
            if self._swallowing:
                pair.held += data
            else:
                pair.client.sendall(data)


def _break(pair: _Pair) -> None:
    for end in (pair.client, pair.server):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def behind_proxy(url: str) -> tuple[Proxy, str]:
    """A proxy for the server at ``url``, and the address that leads through it."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ValueError("an address with host and port is needed")
    proxy = Proxy(parts.hostname, parts.port)
    return proxy, url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{proxy.port}")

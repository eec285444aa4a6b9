"""The product on a port, for tests of what talks to it as a process of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from embedded.site import create_site
from embedded.web_server import WebServer
from tests.e2e.system import System

PATIENCE = 60.0


@dataclass
class Server:
    """The product's address, and an importer that can be made to rest."""

    url: str
    resting: threading.Event


@contextmanager
def served(system: System) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = WebServer(create_site(system.assembly), listener)
    stop, resting = threading.Event(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            if resting.is_set() or system.assembly.step_importers() == 0:
                stop.wait(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    server.start()
    try:
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", resting)
    finally:
        stop.set()
        server.stop()
        worker.join(PATIENCE)
        listener.close()

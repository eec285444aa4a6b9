"""nginx in front of the services, with the product's own configuration."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from servicekit.testing.servers import is_required
from services.gateway.nginx_conf import NginxOptions, render
from tests.process.waiting import wait_until

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


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, below those that the kernel hands out to clients: they stay free while one restarts."""
    found: list[int] = []
    for port in range(12_000 + os.getpid() * 7 % 8_000, 21_000):
        if len(found) == count:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found


@contextmanager
def nginx(directory: Path, port: int, upstreams: Mapping[str, str]) -> Iterator[str]:
    """nginx on this port; its address."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        if is_required():
            pytest.fail("there is no nginx, but ACCOUNTS_REQUIRE_SERVERS says that there is")
        pytest.skip("needs nginx, which is not installed")
    directory.mkdir()
    options = NginxOptions(
        listen=f"127.0.0.1:{port}",
        upstreams=upstreams,
        resolver=None,
        cache_path=str(directory / "exchange"),
        access_log=str(directory / "access.log"),
        error_log=str(directory / "error.log"),
    )
    (directory / "gateway.conf").write_text(render(options))
    user = "user root;" if os.getuid() == 0 else ""
    (directory / "nginx.conf").write_text(_MAIN.format(directory=directory, user=user))
    process = subprocess.Popen([binary, "-p", str(directory), "-c", "nginx.conf", "-e", str(directory / "error.log")])
    try:
        wait_until("nginx listens", 10.0, lambda: not is_listening(port) and "no")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def is_listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0

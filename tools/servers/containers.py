"""The same servers as containers, by testcontainers, where a Docker engine runs. Published on loopback only."""

import http.client
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import docker
import psycopg
from testcontainers.core.container import DockerContainer

from tools.servers.daemon import PATIENCE
from tools.servers.home import LOOPBACK, ServerError


@dataclass(frozen=True)
class Image:
    """What to run for a server, and how to tell that it answers. Another image of the same by `variable`."""

    variable: str
    default: str
    environment: dict[str, str]
    ports: tuple[int, ...]
    addresses: Callable[[dict[int, int]], dict[str, str]]
    is_ready: Callable[[dict[str, str]], bool]

    @property
    def name(self) -> str:
        return os.environ.get(self.variable) or self.default


def _postgres_answers(addresses: dict[str, str]) -> bool:
    try:
        psycopg.connect(addresses["POSTGRES_URL"], connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _answers(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(address, timeout=5).close()
    except (OSError, http.client.HTTPException):
        return False
    return True


IMAGES = {
    "PostgreSQL": Image(
        variable="ACCOUNTS_POSTGRES_IMAGE",
        default="postgres:17",
        environment={"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "app", "POSTGRES_DB": "app"},
        ports=(5432,),
        addresses=lambda ports: {"POSTGRES_URL": f"postgresql://app:app@{LOOPBACK}:{ports[5432]}/app"},
        is_ready=_postgres_answers,
    ),
    "RabbitMQ": Image(
        variable="ACCOUNTS_RABBITMQ_IMAGE",
        default="rabbitmq:4-management",
        environment={},
        ports=(5672, 15672),
        addresses=lambda ports: {
            "RABBITMQ_URL": f"amqp://guest:guest@{LOOPBACK}:{ports[5672]}/%2F",
            "RABBITMQ_MANAGEMENT_URL": f"http://guest:guest@{LOOPBACK}:{ports[15672]}",
        },
        # The plugin answers when the node has started; the engine accepts connections for it long before.
        is_ready=lambda addresses: _answers(addresses["RABBITMQ_MANAGEMENT_URL"].replace("guest:guest@", "")),
    ),
    "OpenSearch": Image(
        variable="ACCOUNTS_OPENSEARCH_IMAGE",
        default="opensearchproject/opensearch:3",
        environment={
            "discovery.type": "single-node",
            "DISABLE_SECURITY_PLUGIN": "true",
            "DISABLE_INSTALL_DEMO_CONFIG": "true",
            "OPENSEARCH_JAVA_OPTS": "-Xms768m -Xmx768m",
        },
        ports=(9200,),
        addresses=lambda ports: {"OPENSEARCH_URL": f"http://{LOOPBACK}:{ports[9200]}"},
        is_ready=lambda addresses: _answers(f"{addresses['OPENSEARCH_URL']}/_cluster/health?wait_for_status=yellow"),
    ),
}


def docker_runs() -> bool:
    """Whether there is a Docker engine that answers."""
    try:
        client = docker.from_env(timeout=5)
    except docker.errors.DockerException:
        return False
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()


def start_container(server: str) -> tuple[DockerContainer, dict[str, str]]:
    """Start one of IMAGES and wait until it answers. Returns it, to be stopped, and its addresses by variable.

    Raises ServerError.
    """
    image = IMAGES[server]
    container = DockerContainer(image.name)
    for name, value in image.environment.items():
        container.with_env(name, value)
    # Not with_bind_ports: it knows no host address, so that the port would be open to the network.
    on_loopback: dict[str, Any] = {f"{port}/tcp": (LOOPBACK,) for port in image.ports}
    container.ports = on_loopback
    try:
        container.start()
        ports = {port: int(container.get_exposed_port(port)) for port in image.ports}
        addresses = image.addresses(ports)
        end = time.monotonic() + PATIENCE
        while not image.is_ready(addresses):
            if time.monotonic() > end:
                raise ServerError(f"{image.name} did not answer within {PATIENCE:.0f} s")
            time.sleep(0.2)
    except (docker.errors.DockerException, OSError) as error:
        container.stop()
        raise ServerError(f"{image.name} did not start: {error}") from error
    except BaseException:
        container.stop()
        raise
    return container, addresses

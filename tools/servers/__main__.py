"""The command: python -m tools.servers up|down|status|env|install|clean [SERVER]..."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tools.servers.home import Home, ServerError, default_home, opened
from tools.servers.nginx import Nginx
from tools.servers.opensearch import OpensearchServer
from tools.servers.postgres import PostgresServer
from tools.servers.rabbitmq import RabbitmqServer

Server = PostgresServer | RabbitmqServer | OpensearchServer
SERVERS: tuple[Server, ...] = (PostgresServer(), RabbitmqServer(), OpensearchServer())


def start(home: Home, server: Server) -> bool:
    """Start a server where it isn't up. Returns whether it was down. Raises ServerError."""
    if server.pid(home) is not None:
        return False
    server.stop(home)  # what a killed one has left
    server.start(home)
    return True


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.servers", description="Real servers for tests, on loopback.")
    parser.add_argument("command", choices=["up", "down", "status", "env", "install", "clean"])
    parser.add_argument("server", nargs="*", help="postgres, rabbitmq, opensearch (default: all); install: nginx too")
    parsed = parser.parse_args(arguments)
    names = {server.name for server in SERVERS} | {"nginx"}
    if unknown := set(parsed.server) - names:
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    chosen = [server for server in SERVERS if not parsed.server or server.name in parsed.server]
    try:
        with opened(default_home()) as home:
            if parsed.command == "install" and (not parsed.server or "nginx" in parsed.server):
                Nginx().install(home)
            return _run(parsed.command, home, chosen)
    except ServerError as error:
        print(f"servers: {error}", file=sys.stderr)
        return 1


def _run(command: str, home: Home, chosen: Sequence[Server]) -> int:
    commands: dict[str, Callable[[Home, Sequence[Server]], int]] = {
        "install": _install,
        "up": _up,
        "down": _down,
        "clean": _clean,
        "status": _status,
        "env": _env,
    }
    return commands[command](home, chosen)


def _install(home: Home, chosen: Sequence[Server]) -> int:
    for server in chosen:  # one after the other: apt allows no two
        server.install(home)
    return 0


def _up(home: Home, chosen: Sequence[Server]) -> int:
    _each(chosen, lambda server: start(home, server))
    return _env(home, chosen)


def _down(home: Home, chosen: Sequence[Server]) -> int:
    _each(chosen, lambda server: server.stop(home))
    return 0


def _clean(home: Home, chosen: Sequence[Server]) -> int:
    _down(home, chosen)
    for server in chosen:
        shutil.rmtree(home.path / server.name, ignore_errors=True)
    return 0


def _status(home: Home, chosen: Sequence[Server]) -> int:
    """One line for each; 1 unless all are up."""
    pids = {server: server.pid(home) for server in chosen}
    for server, pid in pids.items():
        print(f"{server.name}: {f'up, process {pid}' if pid else server.missing() or 'down'}")
    return 0 if all(pids.values()) else 1


def _env(home: Home, chosen: Sequence[Server]) -> int:
    for server in chosen:
        for name, value in server.environment(home).items():
            print(f"export {name}={shlex.quote(value)}")
    return 0


def _each(servers: Sequence[Server], action: Callable[[Server], object]) -> None:
    """Do it for all at once; every one is tried, and the first failure is raised."""
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(action, server) for server in servers]:
            future.result()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

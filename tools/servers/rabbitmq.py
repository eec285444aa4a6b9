"""RabbitMQ with its management plugin, one node, as Debian packages it."""

import http.client
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tools.servers.daemon import is_listening, pid_of, spawn, stop, wait_until
from tools.servers.home import LOOPBACK, Home, ServerError
from tools.servers.packages import install_packages

# The wrappers on PATH insist on being root or the user rabbitmq; the script behind them doesn't.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
SETTINGS = """
listeners.tcp.1 = {address}:{port}
management.tcp.ip = {address}
management.tcp.port = {management}
disk_free_limit.absolute = 200MB
"""


class RabbitmqServer:
    name = "rabbitmq"
    title = "RabbitMQ"

    def missing(self) -> str | None:
        """Why it can't be started, or None."""
        return None if PROGRAM.exists() else "RabbitMQ is not installed (package rabbitmq-server)"

    def install(self, home: Home) -> None:
        if self.missing():
            install_packages("rabbitmq-server")

    def environment(self, home: Home) -> dict[str, str]:
        """What tests find it by."""
        return {
            "RABBITMQ_URL": f"amqp://guest:guest@{LOOPBACK}:{home.port('rabbitmq')}/%2F",
            "RABBITMQ_MANAGEMENT_URL": f"http://guest:guest@{LOOPBACK}:{home.port('rabbitmq management')}",
        }

    def pid(self, home: Home) -> int | None:
        folder = home.path / "rabbitmq"
        return pid_of(folder / "pid", str(folder))

    def start(self, home: Home) -> None:
        if self.missing():
            raise ServerError(str(self.missing()))
        folder = home.folder("rabbitmq")
        port, management = home.port("rabbitmq"), home.port("rabbitmq management")
        settings = SETTINGS.format(address=LOOPBACK, port=port, management=management)
        home.write(folder / "rabbitmq.conf", settings)
        home.write(folder / "enabled_plugins", "[rabbitmq_management].\n")
        log = folder / "console"
        pid = spawn(home, [str(PROGRAM)], log=log, cwd=folder, environment=_node(home, folder))
        wait_until(self.title, lambda: is_listening(port) and _answers(management), pid=pid, log=log)

    def stop(self, home: Home) -> None:
        stop(self.pid(home))
        if is_listening(home.port("rabbitmq epmd")):  # Erlang's own name server, which the node has started
            folder = home.path / "rabbitmq"
            command = ["epmd", "-kill"]
            options = {"cwd": folder, "env": {"PATH": "/usr/bin:/bin", **_node(home, folder)}, **home.identity()}
            subprocess.run(command, capture_output=True, check=False, **options)  # type: ignore[call-overload]


def _node(home: Home, folder: Path) -> dict[str, str]:
    """The environment of this node: every file and every port its own."""
    return {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(home.port("rabbitmq epmd")),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_NODENAME": "accounts@localhost",
        "RABBITMQ_DIST_PORT": str(home.port("rabbitmq distribution")),
        "RABBITMQ_MNESIA_BASE": str(home.folder("rabbitmq", "data")),
        "RABBITMQ_LOG_BASE": str(home.folder("rabbitmq", "log")),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _answers(port: int) -> bool:
    """Whether the management plugin is there: it asks for a password."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"http://{LOOPBACK}:{port}/api/overview", timeout=5)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 401
    except (OSError, http.client.HTTPException):
        return False
    return True

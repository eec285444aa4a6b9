"""PostgreSQL: the system's, 15 or later, without fsync."""

import signal
import subprocess
from pathlib import Path

from tools.servers.daemon import pid_of, spawn, stop, wait_until
from tools.servers.home import LOOPBACK, Home, ServerError
from tools.servers.packages import install_packages

OLDEST_MAJOR = 15
SETTINGS = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
"""


class PostgresServer:
    name = "postgres"
    title = "PostgreSQL"
    settings = SETTINGS

    def missing(self) -> str | None:
        """Why it can't be started, or None."""
        return None if _binaries() else f"PostgreSQL {OLDEST_MAJOR} or later is not installed (package postgresql)"

    def install(self, home: Home) -> None:
        if self.missing():
            install_packages("postgresql")

    def environment(self, home: Home) -> dict[str, str]:
        """What tests find it by."""
        return {"POSTGRES_URL": f"postgresql://app:app@{LOOPBACK}:{home.port('postgres')}/postgres"}

    def pid(self, home: Home) -> int | None:
        data = home.path / "postgres" / "data"
        return pid_of(data / "postmaster.pid", str(data))

    def start(self, home: Home) -> None:
        binaries = _binaries()
        if binaries is None:
            raise ServerError(str(self.missing()))
        folder = home.folder("postgres")
        data, log = folder / "data", folder / "log"
        if not (data / "PG_VERSION").exists():
            _initialize(home, binaries, folder)
        settings = self.settings.format(address=LOOPBACK, port=home.port("postgres"))
        home.write(data / "postgresql.auto.conf", settings)
        (data / "postmaster.pid").unlink(missing_ok=True)  # it is down; the number may be another process's by now
        command = [str(binaries / "postgres"), "-D", str(data)]
        pid = spawn(home, command, log=log, cwd=folder, environment={})
        wait_until(self.title, lambda: _is_ready(data / "postmaster.pid"), pid=pid, log=log)

    def stop(self, home: Home) -> None:
        stop(self.pid(home), signal.SIGINT)


def _binaries() -> Path | None:
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    usable = {int(path.parent.name): path for path in found if path.parent.name.isdigit()}
    newest = max(usable, default=0)
    return usable[newest] if newest >= OLDEST_MAJOR else None


def _initialize(home: Home, binaries: Path, folder: Path) -> None:
    home.write(folder / "password", "app\n")
    command = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "app", f"--pwfile={folder / 'password'}"]
    options = ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(  # type: ignore[call-overload]
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False, **home.identity()
    )
    if done.returncode != 0:
        raise ServerError(f"initdb failed:\n{done.stdout}{done.stderr}")


def _is_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"

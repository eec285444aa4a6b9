"""The command behind `./accounts test`: finds or starts servers, runs pytest with them, says what could not be run.

Without an address, a container or an installed PostgreSQL the tests get an embedded one. Arguments go to pytest.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from embedded.postgres import EmbeddedPostgres, EmbeddedPostgresError
from tools.servers.for_tests import TestServers, servers_for_tests
from tools.servers.home import ServerError

ROOT = Path(__file__).resolve().parents[1]
HELP = """usage: ./accounts test [--no-servers] [PYTEST ARGUMENTS]

Runs the tests. POSTGRES_URL, RABBITMQ_URL and OPENSEARCH_URL name servers to use. For those not given, containers
are started where Docker runs, else what is installed on this machine (python -m tools.servers install), and
stopped again, unless ACCOUNTS_KEEP_SERVERS=1. What needs a server that isn't there is skipped and counted at the end;
with ACCOUNTS_REQUIRE_SERVERS=1 it fails.

  --no-servers  start none but an embedded PostgreSQL
"""


def main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in ("-h", "--help"):
        print(HELP, end="")
        return 0
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as stack:
        if "--no-servers" in arguments:
            found = TestServers(notes=dict.fromkeys(("RabbitMQ", "OpenSearch"), "--no-servers"))
        else:
            print("looking for servers, starting what is installed...", flush=True)
            found = stack.enter_context(servers_for_tests())
        if not os.environ.get("POSTGRES_URL") and "POSTGRES_URL" not in found.environment:
            _embed(found, stack)
        for server, note in found.notes.items():
            print(f"  {server}: {note}", flush=True)
        return _pytest([word for word in arguments if word != "--no-servers"], found)


def _embed(found: TestServers, stack: ExitStack) -> None:
    """One embedded PostgreSQL for the whole run."""
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-test-postgres-"))
    url = stack.enter_context(EmbeddedPostgres(Path(directory), fsync=False))
    found.add("PostgreSQL", "embedded, started for this run", {"POSTGRES_URL": url})


def _pytest(arguments: list[str], found: TestServers) -> int:
    environment = {**os.environ, **found.environment, "ACCOUNTS_SERVER_NOTES": json.dumps(found.notes)}
    with subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal has told pytest too; let it end in peace
            return process.wait()
        except SystemExit:
            process.terminate()
            raise


def _end(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM unwinds like any other end, so that the servers are stopped."""
    sys.exit(143)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ServerError, EmbeddedPostgresError) as error:
        sys.exit(f"accounts test: {error}")

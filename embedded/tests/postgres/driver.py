"""Holds an embedded PostgreSQL for a test, in a process of its own that can be another user's and can be killed.

Usage: driver.py DIRECTORY [ORPHAN_PATIENCE]. Prints one line of JSON once it has started, or why it has not;
stops when standard input closes.
"""

import json
import sys
from pathlib import Path

from embedded import postgres_process
from embedded.postgres import EmbeddedPostgres, EmbeddedPostgresError


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        postgres_process.ORPHAN_PATIENCE = float(arguments[1])
    server = EmbeddedPostgres(Path(arguments[0]))
    try:
        url = server.start()
    except EmbeddedPostgresError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
        return 1
    print(json.dumps({"url": url, "pid": server.pid}), flush=True)
    sys.stdin.read()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A file far larger than the memory that may be used: made on the fly, sent, and worked on, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from servicekit.testing.databases import ScratchDatabase

# The limit is on what the process may have besides what it has when everything is imported and has worked once.
_PROGRAM = """
import resource, sys
from itertools import count
from servicekit import clock
from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from servicekit.imports.importer import Importer
from servicekit.imports.layout import wishes_of
from servicekit.imports.receiving import Asked
from servicekit.imports.starting import Request, start_import
from services.customers.imports.headings import VOCABULARY
from services.customers.imports.kinds import IMPORTS

app, system = Database(sys.argv[1]), Database(sys.argv[2])
caller = Caller(kind="api_key", actor_id="key_1", name="k", publisher_id="pub_a", role=None, scopes=frozenset())
importer = Importer(IMPORTS, app, system, worker_id="one")


def file(megabytes):
    sent = 0
    yield b"email,last_name,notes\\n"
    filler = b"x" * 9_000
    for number in count():
        if sent > megabytes * 1_000_000:
            return
        row = b"p%d@example.com,N%d,%b\\n" % (number, number, filler)
        sent += len(row)
        yield row
        if number % 500 == 7:
            yield b'"never closed,' + b"y" * 3_000_000 + b"\\n"


def run(megabytes):
    asked = Asked(None, None, None, wishes_of(VOCABULARY, ["notes="], []))
    request = Request("pub_a", "customers", caller, None, None, True, asked, None, "")
    blocks = file(megabytes)
    job, _ = start_import(lambda: app.transaction("pub_a"), IMPORTS, request, blocks, whole=True, now=clock.now)
    while importer.step():
        pass
    return job.received_bytes


run(5)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
received = run(int(sys.argv[3]))
print(received // 1_000_000, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(scratch: ScratchDatabase) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, scratch.urls.app, scratch.urls.system, "300"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    received, grown = map(int, done.stdout.split())
    assert received > 300
    assert grown < 20, f"{grown} MB more for a file of {received} MB"

"""A web process killed with signal 9 at each named step of giving money back: one outcome, never two, never none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.billing.providers.registry import Providers
from services.billing.providers.sandbox_table import TableStore
from services.billing.tests.carried_out import run_to_the_end
from services.billing.tests.conftest import Api
from services.billing.tests.paid import WHY, bought, euros

_CHILD = """
import os, signal, sys
from servicekit import faults
from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls
from servicekit.testing.callers import KnownCallers
from services.billing.app import create_app
from services.billing.providers.registry import Providers
from services.billing.settings import Settings
from services.billing.tests.conftest import CALLERS, Api
from services.billing.tests.paid import WHY

point, times, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
urls = DatabaseUrls(app=os.environ["APP"], system=os.environ["SYSTEM"], migrate="")
database, system = Database(urls.app), Database(urls.system)
app = create_app(
    Settings(database=urls), database=database, system_database=system, verifier=KnownCallers(CALLERS),
    providers=Providers(database),
)
reached = 0

def die(at):
    global reached
    reached += at == point
    if reached == times:
        os.kill(os.getpid(), signal.SIGKILL)

faults.install(die)
answer = Api(app, database).send("POST", path, WHY, headers={"Idempotency-Key": "the-only-one"})
print(answer.status_code, answer.text)
"""
POINTS = ("web:written", "web:committed", "operation:claimed", "sandbox:done", "operation:called", "operation:settled")


def killed_at(point: str, times: int, scratch: ScratchDatabase, path: str) -> None:
    """Send the request in a process that dies when it reaches this point for the so-and-so-many-th time."""
    environment = {
        **os.environ,
        "APP": scratch.urls.app,
        "SYSTEM": scratch.urls.system,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, point, str(times), path], env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stdout + child.stderr


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_refunding(
    point: str,
    api: Api,
    scratch: ScratchDatabase,
    database: Database,
    system_database: Database,
    providers: Providers,
) -> None:
    anna, paid = bought(api)
    path = f"transactions/{paid}/refund"
    killed_at(point, 1, scratch, path)
    run_to_the_end(system_database, database, providers)
    done = point != "web:written"
    details = api.ok("GET", f"transactions/{paid}")
    assert details["status"] == ("refunded" if done else "succeeded")
    again = api.send("POST", path, WHY, headers={"Idempotency-Key": "the-only-one"})
    assert again.status_code in (200, 202), again.text
    assert ("Idempotency-Replayed" in again.headers) == done
    _refunded_once(api, database, anna, paid)


@pytest.mark.parametrize(
    ("point", "times"),
    [
        ("web:committed", 1),
        ("operation:claimed", 1),
        ("operation:settled", 1),
        ("operation:claimed", 2),
        ("sandbox:done", 1),
        ("operation:called", 1),
        ("operation:settled", 2),
    ],
)
def test_killed_while_calling_off_what_is_settled_already(
    point: str,
    times: int,
    api: Api,
    scratch: ScratchDatabase,
    database: Database,
    system_database: Database,
    providers: Providers,
) -> None:
    """The order to call off comes too late and becomes a refund: killed in the first of the two, or in the second."""
    anna, pending = bought(api, "tok_timeout_after")
    killed_at(point, times, scratch, f"transactions/{pending}/cancel")
    run_to_the_end(system_database, database, providers)
    assert api.ok("GET", f"transactions/{pending}")["status"] == "refunded"
    _refunded_once(api, database, anna, pending)


def _refunded_once(api: Api, database: Database, customer_id: str, transaction_id: str) -> None:
    details = api.ok("GET", f"transactions/{transaction_id}")
    assert details["status"] == "refunded"
    assert [each["status"] for each in details["refunds"]] == ["succeeded"]
    store = TableStore(database, "pub_a")
    assert [(each.result, each.amount_minor) for each in store.entries("refund")] == [("settled", 999)]
    account = api.account(customer_id)
    assert account["lifetime_value"] == [euros(0)]
    assert not account["has_access"]
    invoices = api.ok("GET", f"invoices?customer_id={customer_id}")["items"]
    assert sorted(each["kind"] for each in invoices) == ["credit_note", "invoice"]

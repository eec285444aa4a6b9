"""What a provider tells of somebody after it was confirmed that nothing personal of them is left."""

from __future__ import annotations

from typing import Any

from servicekit.db.database import Database
from services.billing.execution.executor import Executor
from services.billing.tests.conftest import Api
from services.billing.tests.test_closing import erase, erasures, everything
from services.billing.tests.webhooks.conftest import Tell, euros, transaction


def test_money_that_comes_after_somebody_was_erased_leaves_nothing_personal(
    api: Api, tell: Tell, doubtful: dict[str, Any], executor: Executor, database: Database, system_database: Database
) -> None:
    tell("ChargeFailed", key=doubtful["key"], reference="r", code="x", message="No.")
    erase(database, doubtful["customer"])
    while executor.step():
        pass
    assert erasures(system_database) == [doubtful["customer"]]
    fact = {"key": doubtful["key"], "reference": doubtful["reference"], "amount": euros(999)}
    assert tell("ChargeSettled", **fact).status_code == 204
    while executor.step():
        pass
    assert transaction(api, doubtful["id"])["status"] == "refunded"
    assert doubtful["reference"] not in everything(database)
    assert erasures(system_database) == [doubtful["customer"]]

"""What was taken in is known again for as long as a provider may send it again, and no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from servicekit import clock
from servicekit.db.database import Database
from services.billing.execution.executor import Executor
from services.billing.models.webhooks import WebhookReceipt
from services.billing.notified.pruning import KEPT
from services.billing.renewals.scheduler import Scheduler
from services.billing.tests.conftest import Api
from services.billing.tests.webhooks.conftest import Tell, euros, refund_of, transaction


def test_receipts_go_when_no_provider_sends_them_again_and_even_then_nothing_happens_twice(
    api: Api, tell: Tell, paid: dict[str, Any], database: Database, system_database: Database, executor: Executor
) -> None:
    refund = {"event_id": "evt_1", **refund_of(paid, 100)}
    assert tell("RefundSettled", **refund).status_code == 204

    def known(after: timedelta) -> list[str]:
        Scheduler(database, system_database, executor, now=lambda: clock.now() + after).step()
        with database.transaction("pub_a") as session:
            return list(session.scalars(select(WebhookReceipt.event_id)))

    assert known(KEPT - timedelta(minutes=1)) == ["evt_1"]
    assert known(KEPT + timedelta(minutes=1)) == []
    assert tell("RefundSettled", **refund).status_code == 204
    assert transaction(api, paid["id"])["refunded"] == euros(100)

"""A charge that nobody resolves doesn't keep what a provider tells of others waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from servicekit import clock
from servicekit.db.database import Database
from services.billing.models.operations import Operation
from services.billing.tests.webhooks.conftest import Tell, refund_of


def test_a_charge_that_stays_in_doubt_keeps_no_refund_of_others_waiting(
    tell: Tell, doubtful: dict[str, Any], database: Database
) -> None:
    """Stripe gives up on an address that never takes what it is told."""
    with database.transaction("pub_a") as session:
        session.execute(
            update(Operation)
            .where(Operation.id == doubtful["key"])
            .values(first_called_at=clock.now() - timedelta(days=2))
        )
    assert tell("RefundSettled", **refund_of({"provider_reference": "ch_of_others"}, 300)).status_code == 204

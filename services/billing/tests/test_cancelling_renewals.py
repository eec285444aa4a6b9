"""Cancelling a renewal's payment while it is pending: it isn't taken again, and what was paid stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from services.billing.models.payment_methods import PaymentMethod
from services.billing.tests.paid import WHY, euros
from services.billing.tests.renewing import World, moment


def pending_renewal(world: World, token: str) -> tuple[str, str, str]:
    """A customer, their subscription, and the renewal whose payment the provider hasn't decided."""
    customer, subscription = world.subscribe()
    with world.database.transaction("pub_a") as session:
        session.execute(update(PaymentMethod).values(provider_reference=f"{token}.renewal"))
    world.jump(moment(subscription["current_period_end"]))
    world.scheduler.step()
    renewal = world.transactions(customer)[-1]
    assert (renewal["kind"], renewal["status"]) == ("renewal", "pending")
    return customer, subscription["id"], renewal["id"]


@pytest.mark.parametrize(
    ("token", "becomes", "refunds"), [("tok_processing_forever", "cancelled", 0), ("tok_timeout_after", "refunded", 1)]
)
def test_it_is_not_taken_again(world: World, token: str, becomes: str, refunds: int) -> None:
    customer, subscription_id, renewal = pending_renewal(world, token)
    done = world.api.ok("POST", f"transactions/{renewal}/cancel", {})
    assert done["transaction"]["status"] == becomes
    assert len(done["transaction"]["refunds"]) == refunds
    ended = world.subscription(subscription_id)
    assert (ended["status"], ended["ended_reason"]) == ("expired", "cancelled")
    for _ in range(4):
        world.go(timedelta(days=20))
    assert len(world.transactions(customer)) == 2
    account = world.api.account(customer)
    assert account["lifetime_value"] == [euros(999)]
    assert not account["has_access"]


def test_while_a_refund_that_stops_renewals_is_pending_nothing_is_charged(world: World) -> None:
    customer, subscription = world.subscribe("tok_refund_down")
    (paid,) = world.transactions(customer)
    answer = world.api.send("POST", f"transactions/{paid['id']}/refund", WHY)
    assert answer.status_code == 202
    assert (answer.json or {})["subscription"]["status"] == "active"
    world.go(moment(subscription["current_period_end"]) + timedelta(days=2))
    assert len(world.transactions(customer)) == 1
    assert world.subscription(subscription["id"])["status"] == "active"

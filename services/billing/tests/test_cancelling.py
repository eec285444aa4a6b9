"""Cancelling a transaction: called off while it is pending, given back once it is settled; and what comes too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from servicekit import clock
from servicekit.db.database import Database
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.subscriptions import expire_subscription
from services.billing.actions.transactions import begin_transaction, settle_transaction
from services.billing.execution.executor import Executor
from services.billing.models.offers import Offer
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.providers.registry import Providers
from services.billing.providers.sandbox_table import TableStore
from services.billing.tests.carried_out import run_to_the_end
from services.billing.tests.conftest import Api, code_of
from services.billing.tests.paid import WHY, bought, euros, refund, told


def cancel(api: Api, transaction_id: str, **body: Any) -> dict[str, Any]:
    return api.ok("POST", f"transactions/{transaction_id}/cancel", body)


def results(database: Database, kind: str) -> list[str]:
    return [each.result for each in TableStore(database, "pub_a").entries(kind)]


def test_a_settled_one_is_given_back_and_everything_ends(api: Api, database: Database) -> None:
    anna, paid = bought(api)
    refund(api, paid, amount=euros(100), end_access=False, stop_renewals=False)
    done = cancel(api, paid, reason="fraudulent", comment="Stolen card")
    assert done["transaction"]["status"] == "refunded"
    assert done["refund"]["amount"] == euros(899)
    assert (done["refund"]["reason"], done["refund"]["comment"]) == ("fraudulent", "Stolen card")
    assert done["subscription"]["status"] == "expired"
    assert done["access"]["ended_at"]
    assert not api.account(anna)["has_access"]
    again = api.send("POST", f"transactions/{paid}/cancel", {})
    assert (again.status_code, code_of(again)) == (409, "transaction_refunded")


def test_without_a_body_it_is_the_customers_wish(api: Api) -> None:
    _, paid = bought(api)
    answer = api.send("POST", f"transactions/{paid}/cancel")
    assert answer.status_code == 200, answer.text
    assert (answer.json or {})["refund"]["reason"] == "requested_by_customer"


def test_a_failed_one_has_nothing_to_cancel(api: Api) -> None:
    _, failed = bought(api, "tok_declined")
    answer = api.send("POST", f"transactions/{failed}/cancel", {})
    assert (answer.status_code, code_of(answer)) == (409, "transaction_failed")


def test_what_the_provider_is_still_at_is_called_off(api: Api, database: Database, system_database: Database) -> None:
    anna, pending = bought(api, "tok_processing_forever")
    (refund_item, cancel_item, _) = api.ok("GET", f"transactions/{pending}/actions")["items"]
    assert refund_item["code"] == "transaction_pending"
    assert [each["code"] for each in cancel_item["consequences"]] == ["charge_called_off"]
    done = cancel(api, pending)
    assert done["transaction"]["status"] == "cancelled"
    assert done["refund"] is None
    assert done["transaction"]["operation"] is None
    assert results(database, "charge") == ["voided"]
    assert api.account(anna)["lifetime_value"] == []
    assert told(system_database, pending)[-1] == "cancelled"
    again = api.send("POST", f"transactions/{pending}/cancel", {})
    assert (again.status_code, code_of(again)) == (409, "transaction_cancelled")
    answer = api.send("POST", f"transactions/{pending}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "transaction_cancelled")
    types = [each["type"] for each in api.ok("GET", f"transactions/{pending}/events")["items"]]
    assert types == ["created", "cancelled"]


def test_what_never_reached_the_provider_is_never_charged(
    api: Api, database: Database, executor: Executor, system_database: Database, providers: Providers
) -> None:
    anna, pending = bought(api, "tok_timeout_before")
    assert api.ok("GET", f"transactions/{pending}")["operation"]["status"] == "in_doubt"
    done = cancel(api, pending)
    assert done["transaction"]["status"] == "cancelled"
    run_to_the_end(system_database, database, providers)
    assert results(database, "charge") == ["lost"]
    assert api.account(anna)["lifetime_value"] == []


def test_too_late_it_is_given_back(api: Api, database: Database, system_database: Database) -> None:
    """The first try was carried out although no answer came: the provider calls nothing off that is settled."""
    anna, pending = bought(api, "tok_timeout_after")
    done = cancel(api, pending, reason="duplicate")
    assert done["transaction"]["status"] == "refunded"
    assert (done["refund"]["status"], done["refund"]["reason"]) == ("succeeded", "duplicate")
    assert results(database, "charge") == ["settled"]
    assert results(database, "refund") == ["settled"]
    assert done["subscription"] is None
    assert api.account(anna)["lifetime_value"] == [euros(0)]
    assert not api.account(anna)["has_access"]
    assert told(system_database, pending)[-3:] == ["succeeded", "refund_requested", "refunded"]


def test_one_being_charged_is_called_off_when_that_is_over(
    api: Api, database: Database, system_database: Database, providers: Providers
) -> None:
    """Another process has claimed the charge and may be at it: the provider is asked when its lease has run out."""
    anna, pending = bought(api, "tok_down")
    with database.transaction("pub_a") as session:
        charge = session.scalars(select(Operation)).one()
        charge.lease_until = until = clock.now() + timedelta(seconds=60)
    answer = api.send("POST", f"transactions/{pending}/cancel", {})
    assert answer.status_code == 202
    operation = (answer.json or {})["transaction"]["operation"]
    assert (operation["kind"], operation["attempts"]) == ("void", 0)
    again = api.send("POST", f"transactions/{pending}/cancel", {})
    assert (again.status_code, code_of(again)) == (409, "cancellation_pending")
    early = Executor(database, system_database, providers.of, now=lambda: until - timedelta(seconds=1))
    assert early.step() == 0
    run_to_the_end(system_database, database, providers)
    assert api.ok("GET", f"transactions/{pending}")["status"] == "cancelled"
    assert api.account(anna)["lifetime_value"] == []


def test_a_payment_that_comes_after_it_was_cancelled_goes_back(
    api: Api, database: Database, executor: Executor
) -> None:
    anna, pending = bought(api, "tok_down")
    assert cancel(api, pending)["transaction"]["status"] == "cancelled"
    now = clock.now()
    with database.transaction("pub_a") as session:
        account = lock_for_outcome(session, "pub_a", anna)
        transaction = session.get_one(Transaction, pending)
        settle_transaction(session, account, transaction, reference="late", at=now, now=now)
        settle_account(session, account, now=now)
    details = api.ok("GET", f"transactions/{pending}")
    assert details["status"] == "succeeded"
    assert [each["status"] for each in details["refunds"]] == ["pending"]
    assert not api.account(anna)["has_access"]


def late_renewal(api: Api, database: Database, paid: str, *, ended: bool, number: int) -> str:
    """A renewal of the subscription whose payment comes when it has ended, or for a period that is paid already."""
    now = clock.now()
    with database.transaction("pub_a") as session:
        first = session.get_one(Transaction, paid)
        account = lock_for_outcome(session, "pub_a", first.customer_id)
        subscription = session.get_one(Subscription, first.subscription_id)
        renewal = begin_transaction(
            session, account, session.get_one(Offer, first.offer_id), kind="renewal", amount_minor=999,
            currency="EUR", channel="web", provider="sandbox", subscription_id=subscription.id,
            payment_method_id=first.payment_method_id, payment_method=first.payment_method, period_number=number,
            attempt=1, now=now,
        )  # fmt: skip
        if ended:
            expire_subscription(session, subscription, reason="dunning", now=now)
        settle_transaction(session, account, renewal, reference=f"sandbox_charge_demo_{renewal.id}", at=now, now=now)
        settle_account(session, account, now=now)
        return renewal.id


@pytest.mark.parametrize(("ended", "number"), [(True, 2), (False, 1)])
def test_a_renewal_paid_in_vain_goes_back(
    api: Api, database: Database, executor: Executor, ended: bool, number: int
) -> None:
    anna, paid = bought(api)
    renewal = late_renewal(api, database, paid, ended=ended, number=number)
    assert api.account(anna)["lifetime_value"] == [euros(1998)]
    executor.step()
    details = api.ok("GET", f"transactions/{renewal}")
    assert details["status"] == "refunded"
    assert details["refunds"][0]["requested_by"] == "system"
    assert details["refunds"][0]["comment"]
    account = api.account(anna)
    assert account["lifetime_value"] == [euros(999)]
    assert account["active_subscriptions"] == (0 if ended else 1)
    assert account["has_access"]


def test_a_subscription_bought_twice_is_paid_once(api: Api, database: Database, executor: Executor) -> None:
    """A payment that was taken for failed comes after all, when the customer has bought the same again."""
    anna, failed = bought(api, "tok_declined")
    api.method(anna, "tok_visa", make_default=True)
    offer_id = api.ok("GET", f"transactions/{failed}")["offer"]["id"]
    assert api.buy(anna, offer_id)["subscription"]["status"] == "active"
    now = clock.now()
    with database.transaction("pub_a") as session:
        account = lock_for_outcome(session, "pub_a", anna)
        transaction = session.get_one(Transaction, failed)
        reference = f"sandbox_charge_demo_{failed}"
        settle_transaction(session, account, transaction, reference=reference, at=now, now=now)
        settle_account(session, account, now=now)
    executor.step()
    details = api.ok("GET", f"transactions/{failed}")
    assert (details["status"], details["refunds"][0]["reason"]) == ("refunded", "duplicate")
    assert api.account(anna)["lifetime_value"] == [euros(999)]
    assert api.account(anna)["active_subscriptions"] == 1


@pytest.mark.parametrize(
    "body", [{"reason": "because"}, {"amount": euros(1)}, {"end_access": True}, {"comment": ""}, {"comment": "a\nb"}]
)
def test_bad_input_is_refused(api: Api, body: dict[str, Any]) -> None:
    _, paid = bought(api)
    assert api.send("POST", f"transactions/{paid}/cancel", body).status_code == 422
    assert api.ok("GET", f"transactions/{paid}")["status"] == "succeeded"

"""What providers tell does what the outcomes of our own orders do."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.db.database import Database
from services.billing.execution.executor import Executor
from services.billing.tests.conftest import Api, code_of, outbox_of
from services.billing.tests.webhooks.conftest import Tell, euros, refund_of, transaction

# --- charges -----------------------------------------------------------------------------------------------


def test_a_charge_in_doubt_is_settled_by_what_the_provider_tells(
    api: Api, tell: Tell, doubtful: dict[str, Any], executor: Executor
) -> None:
    fact = {"key": doubtful["key"], "reference": doubtful["reference"], "amount": euros(999)}
    assert tell("ChargeSettled", **fact).status_code == 204
    settled = transaction(api, doubtful["id"])
    assert (settled["status"], settled["provider_reference"]) == ("succeeded", doubtful["reference"])
    assert api.account(doubtful["customer"])["active_subscriptions"] == 1
    executor.step()
    assert tell("ChargeSettled", **fact).status_code == 204
    assert transaction(api, doubtful["id"]) == settled
    assert api.account(doubtful["customer"])["lifetime_value"] == [euros(999)]


def test_a_charge_in_doubt_fails_by_what_the_provider_tells(api: Api, tell: Tell, doubtful: dict[str, Any]) -> None:
    fact = {"key": doubtful["key"], "reference": "r", "code": "do_not_honor", "message": "No."}
    assert tell("ChargeFailed", **fact).status_code == 204
    failed = transaction(api, doubtful["id"])
    assert (failed["status"], failed["failure"]) == ("failed", {"code": "do_not_honor", "message": "No."})
    assert api.account(doubtful["customer"])["active_subscriptions"] == 0


def test_money_that_came_after_all_is_never_left_out(api: Api, tell: Tell, doubtful: dict[str, Any]) -> None:
    tell("ChargeFailed", key=doubtful["key"], reference="r", code="x", message="No.")
    tell("ChargeSettled", key=doubtful["key"], reference="r", amount=euros(999))
    assert transaction(api, doubtful["id"])["status"] == "succeeded"


def test_a_late_failure_undoes_nothing(api: Api, tell: Tell, doubtful: dict[str, Any]) -> None:
    tell("ChargeSettled", key=doubtful["key"], reference="r", amount=euros(999))
    assert tell("ChargeFailed", key=doubtful["key"], reference="r", code="x", message="No.").status_code == 204
    assert transaction(api, doubtful["id"])["status"] == "succeeded"


@pytest.mark.parametrize("amount", [euros(998), {"amount_minor": 999, "currency": "USD"}])
def test_another_amount_than_was_ordered_settles_nothing(
    api: Api, tell: Tell, doubtful: dict[str, Any], amount: dict[str, Any]
) -> None:
    assert tell("ChargeSettled", key=doubtful["key"], reference="r", amount=amount).status_code == 204
    assert transaction(api, doubtful["id"])["status"] == "pending"


@pytest.mark.parametrize("key", [None, "op_of_others"])
def test_charges_of_others_are_none_of_ours(api: Api, tell: Tell, doubtful: dict[str, Any], key: str | None) -> None:
    assert tell("ChargeSettled", key=key, reference="r", amount=euros(999)).status_code == 204
    assert transaction(api, doubtful["id"])["status"] == "pending"


def test_another_publishers_account_settles_nothing_of_ours(api: Api, tell: Tell, doubtful: dict[str, Any]) -> None:
    fact = {"key": doubtful["key"], "reference": "r", "amount": euros(999)}
    assert tell("ChargeSettled", account="other", secret="another", **fact).status_code == 204
    assert transaction(api, doubtful["id"])["status"] == "pending"


# --- refunds -----------------------------------------------------------------------------------------------


def test_refunds_made_in_the_dashboard_are_recorded_once_each(
    api: Api, tell: Tell, paid: dict[str, Any], system_database: Database
) -> None:
    for reference, amount in (("re_1", 300), ("re_1", 300), ("re_2", 200)):
        assert tell("RefundSettled", **refund_of(paid, amount, reference)).status_code == 204
    part = transaction(api, paid["id"])
    assert (part["status"], part["refunded"]) == ("partially_refunded", euros(500))
    assert [refund["amount"] for refund in part["refunds"]] == [euros(300), euros(200)]
    assert part["refunds"][0]["requested_by"] == "sandbox"
    tell("RefundSettled", **refund_of(paid, None, "re_3"))
    whole = transaction(api, paid["id"])
    assert (whole["status"], whole["refunded"]) == ("refunded", euros(999))
    account = api.account(paid["customer"])
    assert account["lifetime_value"] == [euros(0)]
    assert account["has_access"]
    told = [event for event in outbox_of(system_database) if event.type == "billing.transaction.refunded.v1"]
    assert [event.data["refund"]["amount"]["amount_minor"] for event in told] == [300, 200, 499]
    notes = [event for event in outbox_of(system_database) if event.type == "billing.invoice.issued.v1"]
    assert [event.data["total"]["amount_minor"] for event in notes] == [999, -300, -200, -499]


def test_more_than_was_paid_is_never_recorded_as_refunded(api: Api, tell: Tell, paid: dict[str, Any]) -> None:
    assert tell("RefundSettled", **refund_of(paid, 5000)).status_code == 204
    assert transaction(api, paid["id"])["refunded"] == euros(999)
    assert tell("RefundSettled", **refund_of(paid, 1, "re_2")).status_code == 204
    assert len(transaction(api, paid["id"])["refunds"]) == 1


def test_a_refund_that_came_to_nothing_is_taken_back(api: Api, tell: Tell, paid: dict[str, Any]) -> None:
    tell("RefundSettled", **refund_of(paid, 300))
    failed = {"key": None, "reference": "re_1", "charge_reference": paid["provider_reference"]}
    for _ in range(2):
        assert tell("RefundFailed", **failed, code="refund_failed", message="Closed.").status_code == 204
    after = transaction(api, paid["id"])
    assert (after["status"], after["refunded"]) == ("succeeded", euros(0))
    assert (after["refunds"][0]["status"], after["refunds"][0]["failure"]["message"]) == ("failed", "Closed.")
    assert api.account(paid["customer"])["lifetime_value"] == [euros(999)]
    invoices = api.ok("GET", f"invoices?customer_id={paid['customer']}")["items"]
    assert sorted(each["kind"] for each in invoices) == ["credit_note", "invoice", "invoice"]
    assert sum(each["total"]["amount_minor"] for each in invoices) == 999


def test_a_refund_in_another_currency_changes_nothing(api: Api, tell: Tell, paid: dict[str, Any]) -> None:
    fact = {**refund_of(paid, 300), "amount": {"amount_minor": 300, "currency": "USD"}}
    assert tell("RefundSettled", **fact).status_code == 204
    assert transaction(api, paid["id"])["refunds"] == []


def test_a_refund_of_others_is_none_of_ours(tell: Tell, paid: dict[str, Any]) -> None:
    assert tell("RefundSettled", **refund_of({"provider_reference": "ch_of_others"}, 300)).status_code == 204


def test_a_refund_of_what_may_be_a_charge_in_doubt_is_told_again_later(
    api: Api, tell: Tell, doubtful: dict[str, Any]
) -> None:
    told = {"provider_reference": doubtful["reference"]}
    early = tell("RefundSettled", event_id="evt_r", **refund_of(told, 300))
    assert (early.status_code, code_of(early)) == (503, "not_known_yet")
    assert "Retry-After" in early.headers
    tell("ChargeSettled", key=doubtful["key"], reference=doubtful["reference"], amount=euros(999))
    assert tell("RefundSettled", event_id="evt_r", **refund_of(told, 300)).status_code == 204
    assert transaction(api, doubtful["id"])["refunded"] == euros(300)


@pytest.mark.parametrize("kind", ["payment_intent", "charge"])
def test_a_refund_names_its_payment_by_either_id(api: Api, tell: Tell, paid: dict[str, Any], kind: str) -> None:
    """Stripe names both; what came from its export of payments is known by the charge."""
    known, other = paid["provider_reference"], "of the other kind"
    names = {"charge_reference": known, "charge_alias": other}
    if kind == "charge":
        names = {"charge_reference": other, "charge_alias": known}
    assert tell("RefundSettled", **{**refund_of(paid, 300), **names}).status_code == 204
    assert transaction(api, paid["id"])["refunded"] == euros(300)
    failed = {"key": None, "reference": "re_1", "code": "x", "message": "No.", **names}
    assert tell("RefundFailed", **failed).status_code == 204
    assert transaction(api, paid["id"])["refunded"] == euros(0)


def test_a_refund_of_what_counts_as_failed_waits_until_the_payment_is_told_of(
    api: Api, tell: Tell, doubtful: dict[str, Any]
) -> None:
    """Out of order: no money is taken off the lifetime value that was never added to it."""
    tell("ChargeFailed", key=doubtful["key"], reference="r", code="x", message="No.")
    fact = {**refund_of({"provider_reference": doubtful["reference"]}, 300), "charge_key": doubtful["key"]}
    early = tell("RefundSettled", event_id="evt_r", **fact)
    assert (early.status_code, code_of(early)) == (503, "not_known_yet")
    assert transaction(api, doubtful["id"])["status"] == "failed"
    assert api.account(doubtful["customer"])["lifetime_value"] == []
    tell("ChargeSettled", key=doubtful["key"], reference=doubtful["reference"], amount=euros(999))
    assert tell("RefundSettled", event_id="evt_r", **fact).status_code == 204
    assert transaction(api, doubtful["id"])["status"] == "partially_refunded"
    assert api.account(doubtful["customer"])["lifetime_value"] == [euros(699)]


# --- payment details ---------------------------------------------------------------------------------------


@pytest.fixture
def method(api: Api, database: Database) -> tuple[dict[str, Any], str]:
    made = api.method(api.customer())
    with database.transaction("pub_a") as session:
        reference = session.connection().exec_driver_sql("SELECT provider_reference FROM payment_method").scalar_one()
    return made, reference


def test_payment_details_that_were_deleted_at_the_provider(
    api: Api, tell: Tell, method: tuple[dict[str, Any], str]
) -> None:
    made, reference = method
    for _ in range(2):
        assert tell("MethodDetached", payment_method=reference).status_code == 204
    after = api.ok("GET", f"payment_methods/{made['id']}")
    assert (after["status"], after["is_default"], after["version"]) == ("detached", False, 2)


def test_a_card_that_its_network_has_renewed(api: Api, tell: Tell, method: tuple[dict[str, Any], str]) -> None:
    made, reference = method
    card = {"brand": "Visa", "last4": "1881", "expiry_month": 3, "expiry_year": 2040}
    for _ in range(2):
        assert tell("MethodUpdated", payment_method=reference, **card).status_code == 204
    after = api.ok("GET", f"payment_methods/{made['id']}")
    assert {name: after[name] for name in card} == card
    assert after["version"] == 2


# --- what contradicts what is recorded ---------------------------------------------------------------------


def test_another_amount_is_shown_and_the_provider_is_asked(
    api: Api, tell: Tell, doubtful: dict[str, Any], executor: Executor, database: Database
) -> None:
    tell("ChargeSettled", key=doubtful["key"], reference="r", amount=euros(998))
    shown = transaction(api, doubtful["id"])["operation"]
    assert shown["status"] == "in_doubt"
    assert shown["last_problem"] == ("amount_differs: 9.98 EUR were taken, as the provider told, and 9.99 EUR ordered.")
    for _ in range(2):  # it looks up what asking again doesn't tell
        executor.step()
        with database.transaction("pub_a") as session:
            session.connection().exec_driver_sql("UPDATE operation SET next_attempt_at = now() - interval '1 s'")
    executor.step()
    assert transaction(api, doubtful["id"])["status"] == "succeeded"  # the sandbox itself knows of the right amount


def test_another_amount_is_nobodys_concern_any_more_once_it_was_called_off(
    api: Api, tell: Tell, doubtful: dict[str, Any], database: Database
) -> None:
    tell("ChargeSettled", key=doubtful["key"], reference="r", amount=euros(998))
    api.ok("POST", f"transactions/{doubtful['id']}/cancel", {})
    assert transaction(api, doubtful["id"])["status"] == "refunded"
    with database.transaction("pub_a") as session:
        told = "SELECT count(*) FROM operation WHERE last_problem LIKE 'amount_differs:%%'"  # what doctor looks for
        assert session.connection().exec_driver_sql(told).scalar_one() == 0


@pytest.fixture
def refused(api: Api, database: Database) -> dict[str, Any]:
    """A refund that the provider took on and then failed: transaction, operation's key, the provider's ID of it."""
    customer = api.customer()
    api.method(customer, "tok_refund_fails")
    bought = api.buy(customer, api.offer()["id"])["transaction"]
    api.ok("POST", f"transactions/{bought['id']}/refund", {"reason": "goodwill"})
    (refund,) = transaction(api, bought["id"])["refunds"]
    assert refund["status"] == "failed"
    with database.transaction("pub_a") as session:
        key = session.connection().exec_driver_sql("SELECT id FROM operation WHERE kind = 'refund'").scalar_one()
    return {**bought, "customer": customer, "key": key, "refund_reference": refund["provider_reference"]}


def settled(refused: dict[str, Any], reference: str) -> dict[str, Any]:
    """What is told of a refund of all of it."""
    return {**refund_of(refused, 999, reference), "key": refused["key"]}


def test_a_refund_that_was_made_although_it_counted_as_refused_is_recorded(
    api: Api, tell: Tell, refused: dict[str, Any]
) -> None:
    for _ in range(2):
        assert tell("RefundSettled", **settled(refused, "re_made")).status_code == 204
    after = transaction(api, refused["id"])
    assert (after["status"], after["refunded"], after["remaining"]) == ("refunded", euros(999), euros(0))
    (refund,) = after["refunds"]
    assert (refund["status"], refund["failure"], refund["provider_reference"]) == ("succeeded", None, "re_made")
    assert api.account(refused["customer"])["lifetime_value"] == [euros(0)]
    kinds = [each["kind"] for each in api.ok("GET", f"invoices?customer_id={refused['customer']}")["items"]]
    assert sorted(kinds) == ["credit_note", "invoice"]


def test_of_a_refund_that_the_provider_itself_has_failed_that_was_the_last_word(
    api: Api, tell: Tell, refused: dict[str, Any]
) -> None:
    assert refused["refund_reference"]
    assert tell("RefundSettled", **settled(refused, refused["refund_reference"])).status_code == 204
    assert transaction(api, refused["id"])["refunds"][0]["status"] == "failed"


def test_more_than_is_left_is_not_recorded_as_refunded_after_all(api: Api, tell: Tell, refused: dict[str, Any]) -> None:
    assert tell("RefundSettled", **refund_of(refused, 500, "re_other")).status_code == 204
    assert tell("RefundSettled", **settled(refused, "re_made")).status_code == 204
    after = transaction(api, refused["id"])
    assert (after["refunded"], [each["status"] for each in after["refunds"]]) == (euros(500), ["failed", "succeeded"])


def test_one_that_came_back_and_was_made_again_is_another_one(api: Api, tell: Tell, refused: dict[str, Any]) -> None:
    first, again = settled(refused, "re_made"), settled(refused, "re_again")
    failed = {name: value for name, value in first.items() if name not in ("amount", "charge_key")}
    assert tell("RefundSettled", **first).status_code == 204
    assert tell("RefundFailed", **failed, code="x", message="No.").status_code == 204
    for _ in range(2):
        assert tell("RefundSettled", **again).status_code == 204
    after = transaction(api, refused["id"])
    assert (after["refunded"], [each["status"] for each in after["refunds"]]) == (euros(999), ["failed", "succeeded"])
    kinds = [each["kind"] for each in api.ok("GET", f"invoices?customer_id={refused['customer']}")["items"]]
    assert sorted(kinds) == ["credit_note", "credit_note", "invoice", "invoice"]

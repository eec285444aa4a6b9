"""Closing an account, and forgetting whose it was."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from servicekit import clock, faults
from servicekit.db.database import Database
from servicekit.db.tables import idempotency_key
from servicekit.ids import new_id
from servicekit.screening import note_erased, screen
from services.billing.erasure import erase_customer
from services.billing.execution.executor import Executor
from services.billing.models.base import Base
from services.billing.models.operations import Operation
from services.billing.models.payment_methods import PaymentMethod
from services.billing.providers.port import ProviderUnavailable
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.sandbox_table import TableStore
from services.billing.tests.conftest import Api, code_of, outbox_of


def close(api: Api, customer_id: str, *, end_access: bool = False) -> TestResponse:
    """What the customers service asks."""
    return api.app.test_client().post(
        f"/internal/accounts/{customer_id}/close",
        json={"publisher_id": "pub_a", "end_access": end_access},
        headers={"Authorization": "Bearer customers"},
    )


def erase(database: Database, customer_id: str) -> None:
    """What the event of an anonymized customer does."""
    with database.transaction("pub_a") as session:
        erase_customer(session, publisher_id="pub_a", customer_id=customer_id, version=5, now=clock.now())


def erasures(system_database: Database) -> list[str]:
    """Of whom was said that nothing personal is left."""
    return [event.subject for event in outbox_of(system_database) if event.type == "billing.subject.erased.v1"]


def test_an_account_with_access_closes_only_if_told_to_end_it(api: Api) -> None:
    anna = api.customer()
    api.method(anna)
    api.buy(anna, api.offer()["id"])
    before = api.account(anna)
    refused = close(api, anna)
    assert (refused.status_code, code_of(refused)) == (409, "access_active")
    assert api.account(anna) == before
    assert close(api, anna, end_access=True).status_code == 200
    closed = api.account(anna)
    assert closed["status"] == "closed"
    assert not closed["has_access"]
    assert closed["active_subscriptions"] == 0
    assert closed["next_payment_at"] is None
    assert closed["lifetime_value"] == before["lifetime_value"]
    assert close(api, anna).status_code == 200


def test_a_closed_account_takes_no_purchases(api: Api) -> None:
    anna = api.customer()
    offer = api.offer()
    api.method(anna)
    assert close(api, anna).status_code == 200
    refused = api.send("POST", "purchases", {"customer_id": anna, "offer_id": offer["id"]})
    assert (refused.status_code, code_of(refused)) == (409, "account_closed")


def test_somebody_billing_was_never_told_of_is_closed_too(api: Api) -> None:
    stranger = new_id("cus")
    assert close(api, stranger).status_code == 200
    api.customer(customer_id=stranger)
    refused = api.send("POST", "purchases", {"customer_id": stranger, "offer_id": api.offer()["id"]})
    assert code_of(refused) == "account_closed"


def test_a_payment_on_its_way_is_not_closed_away(api: Api) -> None:
    anna = api.customer()
    api.method(anna, "tok_processing")
    bought = api.buy(anna, api.offer()["id"])
    assert bought["transaction"]["status"] == "pending"
    refused = close(api, anna, end_access=True)
    assert (refused.status_code, code_of(refused)) == (409, "payment_pending")


def test_only_the_customers_service_may_close(api: Api) -> None:
    anna = api.customer()
    for caller, status in (("a", 403), ("search", 403), ("nobody", 401)):
        answer = api.app.test_client().post(
            f"/internal/accounts/{anna}/close",
            json={"publisher_id": "pub_a", "end_access": True},
            headers={"Authorization": f"Bearer {caller}"},
        )
        assert answer.status_code == status
    assert api.account(anna)["status"] == "open"


def test_nothing_personal_is_left_of_an_erased_customer_and_amounts_stay(
    api: Api, database: Database, system_database: Database, executor: Executor
) -> None:
    needles = ["Canarybird", "canary@example.com", "4242", "ORDER-CANARY", "tok_visa"]
    anna = api.customer(first_name="Canarybird", email="canary@example.com")
    api.method(anna)
    bought = api.buy(anna, api.offer()["id"], external_order_id="ORDER-CANARY")
    api.send("GET", f"transactions/{bought['transaction']['id']}")
    value = api.account(anna)["lifetime_value"]
    close(api, anna, end_access=True)
    erase(database, anna)
    assert erasures(system_database) == []  # the provider is still to forget the token
    while executor.step():
        pass
    assert erasures(system_database) == [anna]
    assert detached(database) == 1
    assert api.account(anna)["lifetime_value"] == value
    assert api.account(anna)["transactions_count"] == 1
    left = everything(database)
    for needle in needles:
        assert needle not in left, needle
    kept = "".join(event.to_json().decode() for event in outbox_of(system_database) if "invoice" not in event.type)
    for needle in needles:
        assert needle not in kept, needle


def test_erasing_again_changes_nothing(
    api: Api, database: Database, system_database: Database, executor: Executor
) -> None:
    anna = api.customer()
    api.method(anna)
    erase(database, anna)
    erase(database, anna)
    while executor.step():
        pass
    erase(database, anna)
    assert erasures(system_database) == [anna]
    assert detached(database) == 1


def test_details_of_which_no_provider_knows_hold_nothing_up(
    api: Api, database: Database, system_database: Database
) -> None:
    anna = api.customer()
    api.method(anna)
    with database.transaction("pub_a") as session:
        session.execute(update(PaymentMethod).values(provider_reference=None))
    erase(database, anna)
    assert erasures(system_database) == [anna]


def test_nothing_can_be_bought_for_an_erased_customer(api: Api, database: Database) -> None:
    anna = api.customer()
    offer = api.offer()
    erase(database, anna)
    refused = api.send("POST", "purchases", {"customer_id": anna, "offer_id": offer["id"]})
    assert (refused.status_code, code_of(refused)) in ((409, "customer_anonymized"), (409, "account_closed"))


def test_a_provider_that_is_down_holds_up_the_confirmation_only(
    api: Api, database: Database, system_database: Database, executor: Executor
) -> None:
    anna = api.customer(first_name="Canarybird")
    api.method(anna, "tok_detach_down")
    erase(database, anna)
    executor.step()
    assert erasures(system_database) == []
    assert "Canarybird" not in everything(database)
    with database.transaction("pub_a") as session:
        (operation,) = session.scalars(select(Operation).where(Operation.customer_id == anna)).all()
        assert (operation.status, operation.attempts) == ("pending", 1)
        assert operation.next_attempt_at > clock.now()


def detached(database: Database) -> int:
    """How many payment methods the sandbox was told to forget."""
    return len(TableStore(database, "pub_a").entries("detach"))


def everything(database: Database) -> str:
    """All that the tables of this service say of publisher A, invoices excepted: those the law keeps."""
    told: list[Any] = []
    with database.transaction("pub_a") as session:
        for table in Base.metadata.tables.values():
            if table.name != "invoice":
                told += [tuple(row) for row in session.execute(select(table))]
    return repr(told)


def test_a_payment_that_is_being_called_off_stands_in_nobodys_way(
    api: Api, database: Database, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the provider takes to answer: money that comes all the same goes back by itself."""
    anna = api.customer()
    api.method(anna, "tok_look_up_only")
    bought = api.buy(anna, api.offer()["id"])["transaction"]
    refused = close(api, anna)
    assert (refused.status_code, (refused.json or {})["transaction_id"]) == (409, bought["id"])
    with monkeypatch.context() as patched:
        patched.setattr(Sandbox, "void", _no_answer)
        assert api.send("POST", f"transactions/{bought['id']}/cancel", {"reason": "other"}).status_code == 202
    assert close(api, anna).status_code == 200
    assert api.ok("GET", f"transactions/{bought['id']}")["status"] == "pending"
    with database.transaction("pub_a") as session:
        session.execute(update(Operation).values(next_attempt_at=clock.now()))
    while executor.step():
        pass
    after = api.ok("GET", f"transactions/{bought['id']}")
    assert (after["status"], api.account(anna)["active_subscriptions"]) == ("refunded", 0)


def _no_answer(*_: object) -> None:
    raise ProviderUnavailable("No answer.", in_doubt=True)


def test_an_answer_that_is_kept_when_its_person_was_erased_meanwhile_says_nothing_of_them(
    api: Api, database: Database
) -> None:
    anna = api.customer(first_name="Canarybird")
    api.method(anna)
    body = {"customer_id": anna, "offer_id": api.offer()["id"]}

    def meanwhile(point: str) -> None:
        if point != "operation:called":
            return
        faults.install(None)
        with database.transaction("pub_a") as session:
            screen(session, "pub_a", [], erasing=[anna])
            note_erased(session, "pub_a", anna)
        erase(database, anna)

    faults.install(meanwhile)
    try:
        first = api.send("POST", "purchases", body, headers={"Idempotency-Key": "one"})
    finally:
        faults.install(None)
    assert first.status_code in (201, 202), first.text
    again = api.send("POST", "purchases", body, headers={"Idempotency-Key": "one"})
    assert (again.status_code, code_of(again)) == (409, "answer_erased")
    with database.transaction("pub_a") as session:
        kept = session.execute(select(idempotency_key.c.body, idempotency_key.c.headers)).one()
    assert kept == (None, None)

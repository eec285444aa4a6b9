"""The sandbox: what its tokens' names promise, and that its memory outlives processes."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit import clock
from servicekit.db.database import Database
from servicekit.ids import new_id
from services.billing.money import Money
from services.billing.providers.notifications import ChargeSettled, RefundSettled
from services.billing.providers.orders import Charge, RefundOrder, as_request, kind_of, order_of
from services.billing.providers.port import (
    Declined,
    NotificationUnreadable,
    Outcome,
    Processing,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
    SignatureInvalid,
)
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.sandbox_notices import HEADER, TOLERANCE_SECONDS, signature
from services.billing.providers.sandbox_store import MemoryStore
from services.billing.providers.sandbox_table import TableStore
from services.billing.providers.sandbox_tokens import TOKENS
from services.billing.tests.providers.worlds import EUROS, SandboxWorld, charge, key


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(MemoryStore(), secret="known", slow_seconds=0)


def charges(sandbox: Sandbox, token: str, times: int) -> list[Outcome]:
    method = sandbox.describe(token)
    return [sandbox.charge(charge(method)) for _ in range(times)]


@pytest.mark.parametrize(
    ("token", "code", "may_recover"),
    [
        ("tok_declined", "card_declined", True),
        ("tok_insufficient_funds", "insufficient_funds", True),
        ("tok_do_not_honor", "do_not_honor", True),
        ("tok_lost_card", "lost_card", False),
        ("tok_stolen_card", "stolen_card", False),
        ("tok_expired", "expired_card", False),
        ("tok_authentication_required", "authentication_required", False),
    ],
)
def test_tokens_that_are_declined(sandbox: Sandbox, token: str, code: str, may_recover: bool) -> None:
    (outcome,) = charges(sandbox, token, 1)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.may_recover) == (code, may_recover)


def test_a_renewal_is_declined_though_the_first_payment_went_through(sandbox: Sandbox) -> None:
    first, *renewals = charges(sandbox, "tok_renewal_insufficient_funds", 3)
    assert isinstance(first, Settled)
    assert [type(outcome) for outcome in renewals] == [Declined, Declined]


def test_a_renewal_is_declined_once(sandbox: Sandbox) -> None:
    outcomes = charges(sandbox, "tok_renewal_declined_once", 4)
    assert [type(outcome) for outcome in outcomes] == [Settled, Declined, Settled, Settled]


def test_the_same_token_of_two_customers_is_two_payment_methods(sandbox: Sandbox) -> None:
    assert sandbox.describe("tok_visa").reference != sandbox.describe("tok_visa").reference
    charges(sandbox, "tok_renewal_insufficient_funds", 1)
    assert isinstance(charges(sandbox, "tok_renewal_insufficient_funds", 1)[0], Settled)


def test_what_stays_undecided_stays_so(sandbox: Sandbox) -> None:
    order = charge(sandbox.describe("tok_processing_forever"))
    sandbox.charge(order)
    assert isinstance(sandbox.look_up(order), Processing)
    assert isinstance(sandbox.look_up(order), Processing)


def test_what_only_looking_up_tells_is_told_by_nothing_else(sandbox: Sandbox) -> None:
    order = charge(sandbox.describe("tok_look_up_only"))
    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as error:
            sandbox.charge(order)
        assert error.value.in_doubt
    assert isinstance(sandbox.look_up(order), Settled)


def test_a_provider_that_is_down_can_not_even_be_asked(sandbox: Sandbox) -> None:
    order = charge(sandbox.describe("tok_down"))
    for call in (sandbox.charge, sandbox.look_up):
        with pytest.raises(ProviderUnavailable):
            call(order)


def test_a_slow_token_takes_its_time_once() -> None:
    waited: list[float] = []
    sandbox = Sandbox(MemoryStore(), slow_seconds=2.5, sleep=waited.append)
    order = charge(sandbox.describe("tok_slow"))
    assert isinstance(sandbox.charge(order), Settled)
    assert isinstance(sandbox.charge(order), Settled)
    assert waited == [2.5]


@pytest.mark.parametrize("token", sorted(TOKENS))
def test_every_token_is_charged_at_most_once_for_a_key(token: str) -> None:
    world = SandboxWorld(MemoryStore())
    order = charge(world.provider.describe(token))
    for call in (world.provider.charge, world.provider.charge, world.provider.look_up, world.provider.charge):
        try:
            call(order)
        except ProviderError:
            continue
    assert world.taken() in (0, 1299)


def test_charges_of_the_demo_data_can_be_refunded_up_to_what_they_were() -> None:
    world = SandboxWorld(MemoryStore())
    order = RefundOrder(key=key(), amount=Money(1000, "EUR"), charged=EUROS, charge_reference="sandbox_charge_demo_1")
    assert isinstance(world.provider.refund(order), Settled)
    with pytest.raises(ProviderRefused, match="refund_exceeds_charge"):
        world.provider.refund(
            RefundOrder(key=key(), amount=Money(300, "EUR"), charged=EUROS, charge_reference="sandbox_charge_demo_1")
        )
    assert world.given() == 1000


_AMOUNTS = st.lists(st.integers(min_value=1, max_value=1500), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(amounts=_AMOUNTS, trouble=st.sampled_from(["", "lost_before", "lost_after", "garbage", "down_once"]))
def test_however_refunds_are_tried_again_they_never_exceed_the_charge(amounts: list[int], trouble: str) -> None:
    world = SandboxWorld(MemoryStore())
    reference, _ = world.paid(trouble)
    believed = 0
    for amount in amounts:
        order = RefundOrder(key=key(), amount=Money(amount, "EUR"), charged=EUROS, charge_reference=reference)
        believed += amount if _until_known(world, order) else 0
    assert believed == world.given() <= 1299


def _until_known(world: SandboxWorld, order: RefundOrder) -> bool:
    for _ in range(5):
        try:
            outcome = world.provider.look_up(order) or world.provider.refund(order)
        except ProviderRefused:
            return False
        except ProviderError:
            continue
        return isinstance(outcome, Settled)
    raise AssertionError("never known")


_KILLED = """
import os, sys
from servicekit import faults
from servicekit.db.database import Database
from services.billing.providers.orders import order_of
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.sandbox_table import TableStore
url, publisher_id, key, token = sys.argv[1:]
faults.install(lambda point: os._exit(9) if point == "sandbox:done" else None)
request = {"amount": {"amount_minor": 1299, "currency": "EUR"}, "payment_method": token}
Sandbox(TableStore(Database(url), publisher_id)).charge(order_of("charge", key, request))
"""


def test_what_a_killed_process_has_charged_is_known_to_the_next(sandbox_database: Database) -> None:
    publisher_id, order_key, token = new_id("pub"), key(), "tok_visa.1"
    url = sandbox_database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-c", _KILLED, url, publisher_id, order_key, token]
    assert subprocess.run(command, check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode == 9
    world = SandboxWorld(TableStore(sandbox_database, publisher_id))
    order = Charge(key=order_key, amount=EUROS, payment_method=token)
    assert isinstance(world.provider.look_up(order), Settled)
    assert isinstance(world.provider.charge(order), Settled)
    assert world.taken() == 1299


def test_publishers_do_not_share_a_sandbox(sandbox_database: Database) -> None:
    one, other = (SandboxWorld(TableStore(sandbox_database, new_id("pub"))) for _ in range(2))
    order = charge(one.provider.describe("tok_visa"))
    one.provider.charge(order)
    assert other.provider.look_up(order) is None
    assert isinstance(other.provider.charge(order), Settled)


# --- orders as they are kept -------------------------------------------------------------------------------


def test_an_order_survives_being_kept_as_json() -> None:
    order = RefundOrder(key="op_1", amount=Money(1, "JPY"), charged=EUROS, charge_reference="ch", ends_access=True)
    kept = orjson.loads(orjson.dumps(as_request(order)))
    assert "key" not in kept
    assert order_of(kind_of(order), "op_1", {**kept, "of_a_later_version": 1}) == order


# --- notifications -----------------------------------------------------------------------------------------


def notice(**changes: object) -> bytes:
    fact = {"key": "op_1", "reference": "r", "amount": {"amount_minor": 5, "currency": "EUR"}}
    content = {"id": "evt_1", "type": "ChargeSettled", "occurred_at": "2026-03-01T10:00:00Z", "fact": fact}
    return orjson.dumps({**content, **changes})


def test_a_signed_notification_is_read(sandbox: Sandbox) -> None:
    body = notice()
    (told,) = sandbox.read_notification({HEADER: signature(body, secret="known", at=clock.now())}, body)
    assert told.event_id == "evt_1"
    assert told.fact == ChargeSettled(key="op_1", reference="r", amount=Money(5, "EUR"))


def test_a_fact_without_an_amount_is_read(sandbox: Sandbox) -> None:
    fact = {"key": None, "reference": "r", "charge_reference": "c", "charge_key": None, "amount": None}
    body = notice(type="RefundSettled", fact=fact)
    (told,) = sandbox.read_notification({HEADER: signature(body, secret="known", at=clock.now())}, body)
    assert isinstance(told.fact, RefundSettled)


def test_what_is_of_no_interest_is_taken_and_tells_nothing(sandbox: Sandbox) -> None:
    body = notice(type="Maintenance", fact={})
    (told,) = sandbox.read_notification({HEADER: signature(body, secret="known", at=clock.now())}, body)
    assert told.fact is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "t=x,v1=00",
        "t=99999999999999999999,v1=00",
        signature(notice(), secret="another", at=clock.now()),
        signature(notice(id="evt_2"), secret="known", at=clock.now()),
        signature(notice(), secret="known", at=clock.now() - timedelta(seconds=TOLERANCE_SECONDS + 5)),
        signature(notice(), secret="known", at=clock.now() + timedelta(days=1)),
    ],
    ids=["none", "no signature", "no time", "no such time", "another's", "of something else", "old", "of tomorrow"],
)
def test_what_the_sandbox_did_not_sign_just_now_is_refused(sandbox: Sandbox, header: str) -> None:
    with pytest.raises(SignatureInvalid):
        sandbox.read_notification({HEADER: header}, notice())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        notice(id=5),
        notice(id=""),
        notice(occurred_at="yesterday"),
        notice(occurred_at="2026-03-01T10:00:00"),
        notice(fact=None),
        notice(fact={"key": "op_1"}),
        notice(fact={"key": "op_1", "reference": "r", "amount": 5}),
        b"\xff\xfe",
    ],
)
def test_garbage_is_unreadable_even_when_it_is_signed(sandbox: Sandbox, body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        sandbox.read_notification({HEADER: signature(body, secret="known", at=clock.now())}, body)


def test_a_sandbox_without_a_secret_takes_no_notifications() -> None:
    with pytest.raises(SignatureInvalid):
        Sandbox(MemoryStore()).read_notification({}, notice())

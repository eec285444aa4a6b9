"""The address of notifications: who is let in, and that each is taken in once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from services.billing.tests.conftest import Api, code_of
from services.billing.tests.webhooks.conftest import Tell, euros, post, refund_of, transaction


def test_the_same_notification_sent_again_changes_nothing(api: Api, tell: Tell, paid: dict[str, Any]) -> None:
    for reference in ("re_1", "re_2"):
        assert tell("RefundSettled", event_id="evt_1", **refund_of(paid, 300, reference)).status_code == 204
    assert transaction(api, paid["id"])["refunded"] == euros(300)


def test_the_same_notification_sent_many_times_at_once_counts_once(api: Api, tell: Tell, paid: dict[str, Any]) -> None:
    with ThreadPoolExecutor(8) as threads:
        fact = refund_of(paid, 100)
        answers = list(threads.map(lambda _: tell("RefundSettled", event_id="evt_1", **fact), range(16)))
    assert {answer.status_code for answer in answers} == {204}
    assert transaction(api, paid["id"])["refunded"] == euros(100)


@pytest.mark.parametrize(
    ("provider", "account"),
    [
        ("sandbox", "nobody"),
        ("sandbox", None),
        ("stripe", "acme"),
        ("stripe", None),
        ("nobody", None),
        ("apple", "acme"),
    ],
)
def test_an_account_that_is_not_set_up_is_not_there(app: Flask, provider: str, account: str | None) -> None:
    assert post(app, b"{}", provider=provider, account=account).status_code == 404


def test_a_signature_that_does_not_hold_changes_nothing(api: Api, tell: Tell, paid: dict[str, Any]) -> None:
    for secret in ("another", "guessed"):
        refused = tell("RefundSettled", event_id="evt_1", secret=secret, **refund_of(paid, 300))
        assert (refused.status_code, code_of(refused)) == (400, "signature_invalid")
    assert transaction(api, paid["id"])["refunds"] == []
    assert tell("RefundSettled", event_id="evt_1", **refund_of(paid, 300)).status_code == 204
    assert transaction(api, paid["id"])["refunded"] == euros(300)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id": 5}', b"[" * 100_000])
def test_garbage_is_refused(app: Flask, body: bytes) -> None:
    assert post(app, body).status_code == 400


def test_what_is_too_large_is_refused(app: Flask) -> None:
    assert post(app, b"x" * 1_000_001).status_code == 413


def test_only_what_is_known_is_asked_for(app: Flask) -> None:
    answer = app.test_client().post("/v1/billing/webhooks/sandbox?account=acme&publisher=pub_b", data=b"{}")
    assert answer.status_code in (400, 422)
    assert app.test_client().get("/v1/billing/webhooks/sandbox").status_code == 405

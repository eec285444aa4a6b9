"""What holds where an operator has said nothing."""

from __future__ import annotations

import pytest

from services.billing.settings import Settings


@pytest.mark.parametrize(("said", "expected"), [(None, False), ("false", False), ("true", True)])
def test_payments_are_made_up_only_where_an_operator_says_so(
    monkeypatch: pytest.MonkeyPatch, said: str | None, expected: bool
) -> None:
    for role in ("APP", "SYSTEM", "MIGRATE"):
        monkeypatch.setenv(f"BILLING_DATABASE_URL_{role}", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.delenv("BILLING_SANDBOX", raising=False)
    if said is not None:
        monkeypatch.setenv("BILLING_SANDBOX", said)
    assert Settings.from_env().sandbox is expected

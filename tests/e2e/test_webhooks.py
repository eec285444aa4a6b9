"""Providers' notifications come through the gateway without a credential, and only what is signed gets any further."""

from __future__ import annotations

import pytest

from tests.e2e.system import System


@pytest.mark.parametrize("authorization", [None, "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA"])
@pytest.mark.parametrize("provider", ["sandbox", "stripe", "apple", "google", "nobody"])
def test_where_no_account_is_set_up_nothing_is_there(system: System, provider: str, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = system.client.post(f"/v1/billing/webhooks/{provider}", data=b"{}", headers=headers)
    assert (answer.status_code, (answer.json or {})["code"]) == (404, "not_found")

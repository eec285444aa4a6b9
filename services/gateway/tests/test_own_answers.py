"""What the gateway answers itself, the same from the dispatcher and from a real nginx: health and the front page; and
where that leads, the console."""

from __future__ import annotations

import httpx2
import pytest

from services.gateway.tests.conftest import Gateway
from services.gateway.tests.test_conformance import BEARER, KEY, get, problem


def test_the_gateway_has_its_own_health_and_front_page(gateway: Gateway) -> None:
    for path in ("/healthz", "/readyz"):
        assert get(gateway, path).json() == {"status": "ok"}
    for front in (get(gateway, "/"), get(gateway, "/?x=1"), httpx2.head(f"{gateway.url}/")):
        assert (front.status_code, front.headers["Location"]) == (302, "/console/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_front_page_can_only_be_read(gateway: Gateway, method: str) -> None:
    answer = httpx2.request(method, f"{gateway.url}/?x=1")
    assert problem(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["Allow"] == "GET, HEAD"


def test_browsers_find_an_icon(gateway: Gateway) -> None:
    assert get(gateway, "/favicon.ico").status_code == 200


def test_without_identity_the_gateway_lives_and_is_not_ready(gateway: Gateway) -> None:
    gateway.identity.ready = False
    for gone in (False, True):
        if gone:
            gateway.stop_identity()
        answer = get(gateway, "/readyz", **BEARER)
        problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert get(gateway, "/healthz").json() == {"status": "ok"}


def test_the_console_gets_its_cookies_and_no_credential(gateway: Gateway) -> None:
    cookie = f"accounts_session={KEY}; accounts_time_zone=Europe/Berlin"
    for path in ("/console", "/console/customers?q=anna"):
        seen = get(gateway, path, **BEARER, Cookie=cookie).json()
        assert (seen["service"] in ("console", "customers"), seen["path"]) == (True, path.partition("?")[0])
        assert seen["headers"]["cookie"] == cookie
        assert "authorization" not in seen["headers"]
    assert gateway.identity.asked == []

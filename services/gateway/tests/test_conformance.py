"""What the gateway does, the same from the dispatcher and from a real nginx."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from services.gateway.tests.conftest import FAILURES, Gateway

KEY = "ak_live_" + "a" * 43
BEARER = {"Authorization": f"Bearer {KEY}"}


def get(gateway: Gateway, path: str, **headers: str) -> httpx2.Response:
    return httpx2.get(gateway.url + path, headers=headers, timeout=10)


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """Assert that this is a problem document of our own with this status."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["request_id"] == response.headers["X-Request-Id"]
    assert all(document[name] for name in ("type", "title", "code", "detail"))
    return document


def test_a_credential_becomes_a_token(gateway: Gateway) -> None:
    answer = get(gateway, "/v1/customers/cus_1?q=a%20b&x=%C3%BC", **BEARER)
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["path"], seen["query"]) == ("/v1/customers/cus_1", "q=a%20b&x=%C3%BC")
    assert seen["headers"]["authorization"] == "Bearer header.for-a.signature"
    assert KEY not in answer.text
    assert gateway.identity.asked == [KEY]


def test_a_session_works_alike_and_apart(gateway: Gateway) -> None:
    for _ in range(2):
        assert get(gateway, "/v1/search", **BEARER).json()["headers"]["authorization"].startswith("Bearer header.for-a")
        session = get(gateway, "/v1/search", Authorization="bearer ses_" + "s" * 43)
        assert session.json()["headers"]["authorization"] == "Bearer header.for-s.signature"


def test_bodies_and_methods_pass(gateway: Gateway) -> None:
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = httpx2.request(method, f"{gateway.url}/v1/customers", content=b"x" * 300_000, headers=BEARER)
        assert (answer.json()["method"], answer.json()["body_bytes"]) == (method, 300_000)


@pytest.mark.parametrize("status", sorted(FAILURES))
def test_every_failure_of_the_exchange_is_a_problem_document(gateway: Gateway, status: int) -> None:
    gateway.identity.failure = FAILURES[status]
    answer = get(gateway, "/v1/customers", **BEARER)
    problem(answer, status)
    assert answer.headers.get_list("Retry-After") == {429: ["7"], 503: ["5"]}.get(status, [])
    assert answer.headers.get_list("WWW-Authenticate") == (['Bearer error="invalid_token"'] if status == 401 else [])
    gateway.identity.failure = None
    assert get(gateway, "/v1/customers", **BEARER).status_code == 200


def test_identity_down_is_unavailable_with_a_time_to_come_back(gateway: Gateway) -> None:
    gateway.stop_identity()
    answer = get(gateway, "/v1/customers", **BEARER)
    problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic YTpi"], ids=str)
def test_a_missing_credential_is_told(gateway: Gateway, authorization: str | None) -> None:
    answer = get(gateway, "/v1/customers", **({} if authorization is None else {"Authorization": authorization}))
    assert "no credential" in problem(answer, 401)["detail"]
    assert answer.headers.get_list("WWW-Authenticate") == ["Bearer"]


@pytest.mark.parametrize("credential", ["ak_live_" + "b" * 43, "ses_" + "b" * 43, "short", "a.b.c"])
def test_an_invalid_credential_is_told_apart_from_a_missing_one(gateway: Gateway, credential: str) -> None:
    answer = get(gateway, "/v1/customers", Authorization=f"Bearer {credential}")
    assert "not valid" in problem(answer, 401)["detail"]
    assert credential not in answer.text
    assert answer.headers.get_list("WWW-Authenticate") == ['Bearer error="invalid_token"']


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic " + "a" * 40,
        KEY,
        "Bearer header.for-a.signature",  # a token of ours, as if leaked
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
        f"Bearer {KEY},{KEY}",
        f"Bearer {KEY} {KEY}",
        "Bearer short",
        "Bearer " + "a" * 201,
        "Bearer ak_live_" + "ä" * 43,
    ],
    ids=str,
)
def test_the_exchange_can_not_be_skipped(gateway: Gateway, authorization: str | None) -> None:
    line = b"" if authorization is None else b"Authorization: " + authorization.encode() + b"\r\n"
    received = gateway.raw(
        b"GET /v1/customers HTTP/1.1\r\nHost: x\r\n" + line + b"X-Internal-Token: a.b.c\r\nConnection: close\r\n\r\n"
    )
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 "), received
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "unauthorized"
    assert gateway.identity.asked == []


def test_two_authorization_headers_are_refused(gateway: Gateway) -> None:
    for second in (KEY, "header.for-a.signature"):
        received = gateway.raw(
            f"GET /v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Authorization: Bearer {second}\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.split()[1] in (b"400", b"401"), received
        assert b"application/problem+json" in head
        assert b"header.for-a" not in body


@pytest.mark.parametrize(
    "path",
    [
        "/internal/exchange",
        "/internal/service_token",
        "/metrics",
        "/_exchange",
        "/_problem/401",
        "/_problem/exchange",
        "/nowhere",
        "/v1",
        "/v1/",
        "/v1/customersx",
        "/v1/unknown",
        "/v1//customers",
        "//v1/customers",
        "///v1/customers",
        "/%2fv1/customers",
        "//healthz",
        "//",
        "http://x//v1/customers",
        "/V1/customers",
        "/v1/openapi.json/x",
        "/healthz/x",
    ],
)
def test_what_is_not_in_the_table_is_not_there(gateway: Gateway, path: str) -> None:
    received = gateway.raw(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 "), received
    assert json.loads(body)["code"] == "not_found"


@pytest.mark.parametrize(
    "start", ["/v1/customers/..", "/v1/customers/%2e%2e", "/docs/../v1/customers/..", "/v1/customers/."]
)
@pytest.mark.parametrize("target", ["../internal/exchange", "../metrics", "../readyz", "%2e%2e%2finternal%2fexchange"])
def test_dots_lead_nowhere(gateway: Gateway, start: str, target: str) -> None:
    """Whatever a service is asked, it is never one of its inner addresses."""
    received = gateway.raw(
        f"GET {start}/{target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = received.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 200 ") and b'"service"' in body:
        # The service gets the path as it was sent, and no route of Flask's resolves dots.
        assert json.loads(body)["path"].startswith(("/v1/customers/", "/docs/"))
        assert "/../" in json.loads(body)["path"] or "/./" in json.loads(body)["path"]
    else:
        assert head.split()[1] in (b"400", b"404") or body == b'{"status":"ok"}', received


def test_a_client_can_not_speak_for_the_gateway(gateway: Gateway) -> None:
    said = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Real-Ip": "203.0.113.9",
        "X-Internal-Token": "a.b.c",
        "X-Original-Uri": "/internal/exchange",
        "X-Request-Id": "chosen-by-the-client",
        "Forwarded": "for=203.0.113.9",
        "Proxy": "http://evil.example",
    }
    for path in ("/v1/customers", "/v1/identity/token", "/docs"):
        headers = get(gateway, path, **BEARER, **said).json()["headers"]
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-request-id"] != "chosen-by-the-client"
        assert not {"x-forwarded-host", "x-real-ip", "x-internal-token", "x-original-uri", "forwarded", "proxy"} & set(
            headers
        )


def test_each_request_has_an_id_that_the_service_and_the_client_see(gateway: Gateway) -> None:
    answers = [get(gateway, "/v1/customers", **BEARER) for _ in range(2)]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert ids == [answer.json()["headers"]["x-request-id"] for answer in answers]
    assert len(set(ids)) == 2
    assert len(problem(get(gateway, "/nowhere"), 404)["request_id"]) >= 20


def test_traces_go_on(gateway: Gateway) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert (
        get(gateway, "/v1/customers", **BEARER, traceparent=traceparent).json()["headers"]["traceparent"] == traceparent
    )


def test_open_routes_need_nothing_and_pass_nothing_on(gateway: Gateway) -> None:
    for path in ("/v1/identity/jwks.json", "/v1/openapi.json", "/docs", "/docs/some.css"):
        for headers in ({}, BEARER):
            answer = get(gateway, path, **headers)
            assert answer.status_code == 200
            assert "authorization" not in answer.json()["headers"]
    assert gateway.identity.asked == []


def test_sign_out_gets_the_session_itself(gateway: Gateway) -> None:
    answer = httpx2.delete(f"{gateway.url}/v1/identity/token", headers=BEARER)
    assert answer.json()["headers"]["authorization"] == f"Bearer {KEY}"
    assert gateway.identity.asked == []
    problem(get(gateway, "/v1/identity/token/x"), 401)


@pytest.mark.parametrize("authorization", [None, "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA"])
def test_a_providers_notification_is_passed_on_with_the_proof_it_brings(
    gateway: Gateway, authorization: str | None
) -> None:
    headers = {"Stripe-Signature": "t=1,v1=00", **({"Authorization": authorization} if authorization else {})}
    path = "/v1/billing/webhooks/stripe?account=acme"
    answer = httpx2.post(gateway.url + path, content=b'{"id":  "evt_1"}', headers=headers)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["path"], told["query"]) == ("/v1/billing/webhooks/stripe", "account=acme")
    assert told["body_bytes"] == 16
    assert told["headers"].get("authorization") == authorization
    assert told["headers"]["stripe-signature"] == "t=1,v1=00"
    assert gateway.identity.asked == []


def test_a_services_own_refusal_is_left_as_it_is(gateway: Gateway) -> None:
    answer = get(gateway, "/v1/customers/teapot", **BEARER)
    assert (answer.status_code, answer.text) == (401, '{"code":"its_own"}')


def test_too_large_a_body_is_refused(gateway: Gateway) -> None:
    answer = httpx2.post(f"{gateway.url}/v1/customers", content=b"x" * 1_000_001, headers=BEARER)
    problem(answer, 413)
    fits = httpx2.post(f"{gateway.url}/v1/customers", content=b"x" * 1_000_000, headers=BEARER)
    assert fits.json()["body_bytes"] == 1_000_000


def test_a_file_is_passed_on_where_files_are_taken(gateway: Gateway) -> None:
    content = b"x" * 5_000_000
    for path in ("/v1/customers/imports", "/v1/customers/imports/imp_1/content?offset=0"):
        taken = httpx2.post(f"{gateway.url}{path}", content=content, headers=BEARER)
        assert taken.status_code == 200, taken.text
        assert taken.json()["body_bytes"] == len(content)
    problem(httpx2.post(f"{gateway.url}/v1/customers/importsx", content=content, headers=BEARER), 413)
    problem(httpx2.post(f"{gateway.url}/v1/customers/imports", content=content), 401)


def test_too_large_headers_are_refused(gateway: Gateway) -> None:
    one = get(gateway, "/v1/customers", **BEARER, **{"X-Big": "x" * 17_000})
    assert problem(one, 431)["code"] == "too_large"
    many = get(gateway, "/v1/customers", **BEARER, **{f"X-Big-{number}": "x" * 8_000 for number in range(12)})
    problem(many, 431)


def test_too_long_an_address_is_refused(gateway: Gateway) -> None:
    problem(get(gateway, "/v1/customers?q=" + "x" * 17_000, **BEARER), 414)


def test_a_character_that_no_address_has_is_refused(gateway: Gateway) -> None:
    problem(get(gateway, "/v1/customers/%00", **BEARER), 400)


def test_trace_is_refused(gateway: Gateway) -> None:
    problem(httpx2.request("TRACE", f"{gateway.url}/v1/customers", headers=BEARER), 405)


def test_head_has_no_body(gateway: Gateway) -> None:
    assert httpx2.head(f"{gateway.url}/nowhere").content == b""
    assert httpx2.head(f"{gateway.url}/v1/customers").status_code == 401

"""Every address says who may call it and what it does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from servicekit.web.access import SIGNED_IN, scope_of
from services.gateway.routes import Access, route_of
from services.identity.credentials import API_KEY_PREFIX, new_secret
from services.identity.roles import PUBLISHER_SCOPES, SERVICE_SCOPES
from tools.discovery import Service, services
from tools.generate.examples import example_of
from tools.generate.openapi import document, operations
from tools.generate.schemas import Json

WITH_APP = [service for service in services() if service.app() is not None]


@pytest.fixture(scope="module", params=WITH_APP, ids=lambda service: service.name)
def app(request: pytest.FixtureRequest) -> Flask:
    service: Service = request.param
    built = service.app()
    assert built is not None
    return built


@pytest.fixture(scope="module")
def whole() -> Json:
    return document()


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    assert app.view_functions
    assert [name for name, view in app.view_functions.items() if scope_of(view) is None] == []


def test_every_scope_is_one_that_identity_gives(app: Flask) -> None:
    known = {"public", SIGNED_IN, *PUBLISHER_SCOPES, *SERVICE_SCOPES}
    assert {scope_of(view) for view in app.view_functions.values()} <= known


def test_routes_for_our_own_services_are_not_reachable_by_publishers(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        scope = scope_of(app.view_functions[rule.endpoint])
        if rule.rule.startswith("/v1/"):
            assert scope in ("public", SIGNED_IN) or scope in PUBLISHER_SCOPES, rule.rule
        elif scope != "public":
            assert scope in SERVICE_SCOPES, rule.rule


def test_only_what_is_ones_own_needs_no_scope(app: Flask) -> None:
    unscoped = [rule for rule in app.url_map.iter_rules() if scope_of(app.view_functions[rule.endpoint]) == SIGNED_IN]
    assert all(f"{rule.rule}/".startswith("/v1/identity/me/") for rule in unscoped)


def test_every_view_says_what_it_does(app: Flask) -> None:
    silent = [
        name
        for name, view in app.view_functions.items()
        if not view.__doc__ and name not in ("healthz", "readyz", "metrics")
    ]
    assert silent == []


def test_the_description_is_valid_openapi_3_1(whole: Json) -> None:
    validate(whole)


def test_the_gateway_leads_to_every_described_address_and_no_other(whole: Json) -> None:
    led = {path: route_of(path.replace("{", "").replace("}", "")) for path in whole["paths"]}
    assert [path for path, route in led.items() if route is None or route.service != path.split("/")[2]] == []
    for path, _method, operation in operations(whole["paths"]):
        route = led[path]
        assert route is not None
        assert (route.access is Access.EXCHANGED) == (operation["x-required-scope"] != "public"), path
    assert route_of("/internal/exchange") is None
    assert route_of("/metrics") is None


def test_operations_have_different_names(whole: Json) -> None:
    names = [operation["operationId"] for _path, _method, operation in operations(whole["paths"])]
    assert len(names) == len(set(names)) > 10


def test_every_body_has_an_example(whole: Json) -> None:
    for path, method, body in _bodies(whole):
        assert "example" in body or "examples" in body, f"{method} {path}"


def test_examples_of_who_one_is_and_of_a_new_key_fit_together(whole: Json) -> None:
    me = _example(whole, "/v1/identity/me", "get", "200")
    assert me["id"].partition("_")[0] == {"staff": "stf", "api_key": "key"}[me["kind"]]
    assert (me["role"] is None) == (me["kind"] == "api_key")
    asked = _body_example(whole["paths"]["/v1/identity/api_keys"]["post"]["requestBody"])
    made = _example(whole, "/v1/identity/api_keys", "post", "201")
    assert {name: made[name] for name in asked} == asked
    assert len(made["secret"]) == len(new_secret(API_KEY_PREFIX))
    assert made["secret"].startswith(made["hint"])
    (key,) = _example(whole, "/v1/identity/jwks.json", "get", "200")["keys"]
    assert re.fullmatch(r"\d{8}-[0-9a-f]{12}", key["kid"])


def test_every_post_that_does_something_takes_an_idempotency_key(whole: Json) -> None:
    without = {
        operation["operationId"]
        for _path, method, operation in operations(whole["paths"])
        if method == "post" and not any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
    }
    # A query or a preview changes nothing; each sign-in is a new session, its secret is never kept; a part of a file
    # says where it belongs, and is taken once. What is known by its body's hash must not have a password in it, and
    # neither a change of one's password nor a transfer happens twice. A provider's notification has an ID of its own.
    assert without == {
        "append_billing_import_content",
        "append_import_content",
        "append_note_import_content",
        "change_password",
        "preview_template",
        "query_customers",
        "sign_in",
        "transfer_ownership",
        "receive_notification",
    }


def test_every_edit_takes_if_match(whole: Json) -> None:
    # What is put without a body is there or not; nobody's change can be overwritten.
    found = operations(whole["paths"])
    edits = [op for _path, method, op in found if method == "patch" or (method == "put" and "requestBody" in op)]
    assert edits
    for operation in edits:
        assert any(parameter["name"] == "If-Match" for parameter in operation["parameters"])


def test_every_list_is_paged_by_cursor(whole: Json) -> None:
    for _path, _method, operation in operations(whole["paths"]):
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        if answer and "items" in example_of(answer["schema"], whole["components"]["schemas"], ""):
            assert "next_cursor" in answer["example"]


def _example(whole: Json, path: str, method: str, status: str) -> Any:
    return _body_example(whole["paths"][path][method]["responses"][status])


def _body_example(body: Json) -> Any:
    """The example of a described body."""
    return body["content"]["application/json"]["example"]


def _bodies(whole: Json) -> list[tuple[str, str, dict[str, Any]]]:
    found = []
    for path, method, operation in operations(whole["paths"]):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            found += [(path, method, media) for media in body.get("content", {}).values()]
    return found

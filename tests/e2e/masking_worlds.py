"""Two publishers whose customers differ in nothing but who they are, and requests that might tell the difference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from services.search.columns import COLUMNS
from services.search.query.fields import FIELDS
from tests.e2e.system import Api, System

OPENAPI: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.json").read_text(encoding="utf-8")
)
_ID = re.compile(r"\b[a-z]+_[0-9a-z]{26}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_NAME = re.compile(r"Publisher [0-9a-f]{8}|[a-z_]+-[0-9a-f]{8}@")
_VARYING = {"X-Request-Id", "Date", "Server-Timing", "Content-Length"}
# What nobody else is called: found in an answer, it is a leak.
WHO: dict[str, Any] = {
    "email": "canaryemail@example.com",
    "first_name": "Canaryfirst",
    "last_name": "Canarylast",
    "company": "Canarycompany",
    "birthdate": "1931-01-31",
    "phone": "+49 555 1931931",
    "address": {"line1": "Canarystreet 1", "city": "Canarycity", "state": "Canarystate", "postal_code": "CNRY1"},
    "external_ids": [{"source": "shop", "id": "canaryexternal"}],
    "attributes": {"canaryname": "canaryvalue"},
}
# The same fields: which ones were changed is told.
ELSE_WHO: dict[str, Any] = {
    "email": "zother@example.com",
    "first_name": "Zother",
    "last_name": "Aother",
    "company": "Xother",
    "birthdate": "1990-06-07",
    "phone": "+44 20 7946 0000",
    "address": {"line1": "Other 2", "city": "Elsewhere", "state": "Else", "postal_code": "99999"},
    "external_ids": [{"source": "shop", "id": "other"}],
    "attributes": {"othername": "other"},
}
CANARIES = ("anary", "CNRY1", "cnry1", "1931")
_TELLING = ("Canaryfirst", "canaryemail@example.com", "CNRY1", "1931-01-31", "canaryexternal", "nobody")
_SAME = {"language": "de", "currency": "EUR", "country": "DE", "registered_at": "2026-01-02T03:04:05Z"}


@dataclass(frozen=True, slots=True)
class World:
    """A publisher, its owner's key, somebody who may read but doesn't see who anybody is, and two customers."""

    owner: Api
    viewer: Api
    customer_ids: tuple[str, ...]
    cursors: dict[str, str]

    def seen(self, answer: TestResponse) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers, with what no two answers have in common left out."""
        text = answer.text
        for number, customer_id in enumerate(self.customer_ids):
            text = text.replace(customer_id, f"customer {number}")
        text = _MOMENT.sub("moment", _ID.sub("id", _NAME.sub("name", text)))
        text = re.sub(r'"next_cursor":"[^"]*"', '"next_cursor":"…"', text)
        headers = {name: _ID.sub("id", value) for name, value in answer.headers.items() if name not in _VARYING}
        return answer.status_code, text, headers


def world(system: System, who: dict[str, Any]) -> World:
    """A world with two customers: one who is ``who``, and one of whom little is known."""
    owner = system.publisher()
    first = owner.create(**who, **_SAME)
    # Of whom in one world much is known and in the other next to nothing.
    known = {**WHO, "external_ids": []} if who is WHO else {}
    second = owner.create(**{**known, "email": f"second-{who['email']}"}, **_SAME)
    owner.edit(first["id"], last_name=f"{who['last_name']}er", language="fr", attributes={"plan": who["last_name"]})
    owner.edit(first["id"], last_name=who["last_name"], address={"country": "AT"})
    system.drain()
    lists = {
        "list_customers": owner.get("/v1/customers", limit=1)["next_cursor"],
        "list_customer_changes": owner.get(f"/v1/customers/{first['id']}/changes", limit=1)["next_cursor"],
        "search_customers": owner.get("/v1/search/customers", limit=1, q=who["email"].partition("@")[2])["next_cursor"],
        "query_customers": owner.get("/v1/search/customers", limit=1, sort="email")["next_cursor"],
    }
    ids = (first["id"], second["id"])
    return World(owner, system.staff(owner.publisher_id, "viewer_no_pii"), ids, {k: v for k, v in lists.items() if v})


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``{customer_id}`` and ``{cursor}`` in it are each world's own."""

    operation: str
    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    media_type: str | None = None

    @property
    def says_who(self) -> bool:
        """Whether it names somebody itself: then an answer may repeat that."""
        text = f"{self.path} {self.query} {self.body}"
        return any(canary in text for canary in CANARIES)

    def send(self, world: World) -> TestResponse:
        """Send it in this world as the one who doesn't see."""
        own = {"{customer_id}": world.customer_ids[0], "{cursor}": world.cursors.get(self.operation, "")}

        def filled(value: Any) -> Any:
            for name, mine in own.items():
                value = value.replace(name, mine) if isinstance(value, str) else value
            return value

        query = {name: filled(value) for name, value in self.query.items()}
        headers = {"Authorization": f"Bearer {world.viewer.credential}", "If-Match": "*"}
        sent: dict[str, Any] = {"json": self.body} if self.media_type is None and self.body is not None else {}
        if isinstance(self.body, dict):
            sent["json"] = {name: filled(value) for name, value in self.body.items()}
        if self.media_type is not None:
            sent, headers["Content-Type"] = {"data": self.body}, self.media_type
        return world.viewer.client.open(
            filled(self.path), method=self.method, query_string=query, headers=headers, **sent
        )


def requests() -> Iterator[Request]:
    """Every guarded GET and POST of the document, as it is meant, and in many ways that it isn't."""
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post") and operation["x-required-scope"] != "public":
                shared = methods.get("parameters", [])
                yield from _of_operation(path, method.upper(), operation, shared)


def _of_operation(path: str, method: str, operation: dict[str, Any], shared: list[Any]) -> Iterator[Request]:
    name = operation["operationId"]
    media_type, content = next(iter(operation.get("requestBody", {}).get("content", {"": {}}).items()))
    example = content.get("example")
    if "examples" in content:
        example = next(iter(content["examples"].values()))["value"]
    media = None if media_type in ("", "application/json") else media_type
    queried = [each["name"] for each in (*shared, *operation["parameters"]) if each["in"] == "query"]

    def request(query: dict[str, str], body: Any = example, address: str = path) -> Request:
        return Request(name, method, re.sub(r"\{(?!customer_id)\w+\}", "none", address), query, body, media)

    yield request({})
    yield request({"Canaryfirst": "Canaryfirst"})
    if "{customer_id}" in path:
        for stranger in ("Canaryfirst", "cus_06h5yvkg1scm7h3b8k5rqt2xzw", "canaryexternal", "%00"):
            yield request({}, address=path.replace("{customer_id}", stranger))
    for parameter in queried:
        for value in _values(parameter):
            yield request({parameter: value})
    if isinstance(example, dict) and media is None:
        yield from (request({}, {}), request({}, ["Canaryfirst"]), request({}, {**example, "Canaryfirst": "Canary"}))
        schema = OPENAPI["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        for field, described in schema["properties"].items():
            listed = described.get("type") == "array"
            yield from (request({}, {field: [value] if listed else value}) for value in _values(field))


def _values(parameter: str) -> list[str]:
    if parameter in ("q", "filter"):
        return list(_queries())
    if parameter == "sort":
        return [f"{sign}{column.name}" for column in COLUMNS for sign in ("", "-")]
    if parameter == "columns":
        return [column.name for column in COLUMNS] + ["id,email", "status,first_name", "attributes", "Canaryfirst"]
    if parameter == "cursor":
        return ["{cursor}", "Canaryfirst", "WyJjdXN0b21lcnMiLCJ4Il0"]
    if parameter == "version_token":
        return ["{customer_id}.1", "{customer_id}.99", "Canaryfirst.1"]
    if parameter == "wait_ms":
        return ["0", "x"]
    return [*_TELLING, "1", "-1"]


def _queries() -> Iterator[str]:
    yield from _TELLING
    yield from ("germany", "france", "{customer_id}", "id:{customer_id}", "customer_id:{customer_id}", "id:cus_0", "*")
    yield from ("country:DE Canaryfirst", "-Canaryfirst", '"Canaryfirst Canarylast"', '"Canary', "Canary OR country:DE")
    yield from ("country:AT OR email:canaryemail@example.com", "NOT Canarylast", "is:Canary", "has:Canary", "x>Canary")
    for name in FIELDS:
        for operator in (":", "!=", "<", ">="):
            yield f"{name}{operator}{'1931-01-31' if operator in '<>=' else 'Canaryfirst'}"
        yield from (f"has:{name}", f"-has:{name}", f'{name}:""', f"{name}:1900..1940")

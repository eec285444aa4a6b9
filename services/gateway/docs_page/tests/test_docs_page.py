"""The documentation page: what it serves, that it needs nothing from outside, and that nobody changed others' files."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from werkzeug.test import Client

from services.gateway.docs_page.app import HOME, POLICY, create_docs_app
from services.gateway.routes import route_of

OPENAPI = b'{"openapi":"3.1.0"}'
ADDRESSES = {
    "/docs": "text/html; charset=utf-8",
    "/docs/": "text/html; charset=utf-8",
    "/docs/static/init.js": "text/javascript; charset=utf-8",
    "/docs/static/theme.js": "text/javascript; charset=utf-8",
    "/docs/static/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/docs/static/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/static/favicon-32x32.png": "image/png",
    "/favicon.ico": "image/png",
    "/docs/static/LICENSE": "text/plain; charset=utf-8",
    "/docs/asyncapi.json": "application/json",
    "/v1/openapi.json": "application/json",
}


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(create_docs_app(OPENAPI))


@pytest.mark.parametrize(("address", "kind"), ADDRESSES.items(), ids=list(ADDRESSES))
def test_an_address_answers_and_can_be_asked_again_cheaply(client: Client, address: str, kind: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"]
    assert len(answer.data) == int(answer.headers["Content-Length"]) > 0
    tag = answer.headers["ETag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_gateway_leads_to_every_address(address: str) -> None:
    route = route_of(address)
    assert route is not None
    assert route.service == "docs"


def test_the_documents_are_served_as_they_are(client: Client) -> None:
    assert client.get("/v1/openapi.json").data == OPENAPI
    assert client.get("/docs/asyncapi.json").get_json()["asyncapi"] == "3.0.0"
    given = Client(create_docs_app(OPENAPI, asyncapi=b"{}"))
    assert given.get("/docs/asyncapi.json").data == b"{}"


def test_head_has_the_headers_without_the_body(client: Client) -> None:
    answer = client.head("/docs")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == client.get("/docs").headers["Content-Length"]


@pytest.mark.parametrize("address", ["/docs/nothing", "/docs/static/../app.py", "/docs/static/manifest.json", "/"])
def test_anything_else_is_not_found(client: Client, address: str) -> None:
    answer = client.get(address, headers={"X-Request-Id": "req_1"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.get_json()["request_id"] == "req_1"


def test_nothing_can_be_changed(client: Client) -> None:
    answer = client.post("/docs")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_others_files_are_as_they_were_published() -> None:
    manifest = json.loads((HOME / "manifest.json").read_bytes())
    assert manifest["version"]
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (HOME / "static").iterdir()}
    assert there == {name: entry["sha256"] for name, entry in manifest["files"].items()}
    assert all(entry["license"] for entry in manifest["files"].values())


class _Page(HTMLParser):
    """Collects what a page loads, and what a strict policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.inline += [name for name in named if name.startswith("on") or name == "style"]
        self._in_script = tag in ("script", "style") and "src" not in named
        address = named.get("src") or (named.get("href") if tag == "link" else None)
        self.loaded += [address] if address else []

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        self.inline += [data] if self._in_script and data.strip() else []


def test_the_page_has_no_inline_code_and_loads_only_what_is_here(client: Client) -> None:
    page = _Page()
    page.feed(client.get("/docs").text)
    assert page.inline == []
    assert len(page.loaded) == 5
    for address in page.loaded:
        assert client.get(address).status_code == 200, address


def test_what_is_ours_names_no_other_host(client: Client) -> None:
    for address in ("/docs", "/docs/static/init.js", "/docs/static/theme.js"):
        assert re.findall(r"(?:https?:)?//[\w-]+\.\w+", client.get(address).text) == []


def test_the_policy_allows_no_inline_script_and_no_other_host() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert "script-src" not in rules
    assert rules["default-src"] == "'self'"
    assert "unsafe-eval" not in POLICY
    assert "http" not in POLICY


def test_in_the_dark_it_is_dark_before_anything_is_painted(client: Client) -> None:
    """The style sheet's own dark theme hangs on a class of the page, which our script sets: both have to agree."""
    page = client.get("/docs").text
    theme = client.get("/docs/static/theme.js").text
    (name,) = re.findall(r'classList\.toggle\("([\w-]+)"', theme)
    assert '"(prefers-color-scheme: dark)"' in theme
    style = client.get("/docs/static/swagger-ui.css").text
    assert f"html.{name}" in style
    assert re.search(rf"html\.{name}{{[^}}]*color-scheme:dark", style)
    assert page.index("theme.js") < page.index("swagger-ui.css") < page.index("<body>")
    assert '<meta name="color-scheme" content="light dark">' in page, "without scripts the browser's own colors do it"

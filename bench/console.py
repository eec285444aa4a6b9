"""The console: what its pages cost on top of the API calls behind them, and how soon rows follow a key.

In the embedded mode, by default with 10,000 customers; ``--sizes 10000,100000`` measures more.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from bench import searching
from bench.client import Client
from bench.embedded_mode import Up, running_up
from bench.measure import CannotRun, Row, percentile
from bench.processes import wait_until
from bench.stand import Stand
from servicekit.testing.browser import ARGUMENTS, chromium
from services.console.columns import chosen
from services.console.listing import Listing

if TYPE_CHECKING:
    from playwright.sync_api import Page

TIMES_AIM, MORE_AIM, PAGE_AIM, KEY_AIM = 2.0, 15.0, 1.5, 150.0
PART = {"HX-Request": "true"}
# Of a first start with many customers, and of their indexing.
PATIENCE = 3_600.0
# From a key in the box to the frame in which what it found is painted.
_WATCH = """
    window.keys = [];
    let pressed = 0;
    document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
    document.addEventListener("htmx:after:swap", (event) => {
      if (document.getElementById("q") !== document.activeElement) return;
      requestAnimationFrame(() => setTimeout(() => window.keys.push(performance.now() - pressed)));
    });
"""

# By asking again and again from inside: the page's policy lets nothing be evaluated by its own scripts.
_NEXT = """
    async (before) => {
      const until = performance.now() + 20000;
      while (window.keys.length <= before) {
        if (performance.now() > until) throw new Error("no rows came");
        await new Promise((go) => setTimeout(go, 2));
      }
      return window.keys[before];
    }
"""
_EMPTY = """
    async () => {
      const rest = (ms) => new Promise((go) => setTimeout(go, ms));
      for (let tries = 0; new URL(location).searchParams.get("q") && tries < 500; tries++) await rest(20);
      await rest(500);
    }
"""


class Browser:
    """What a browser is to the server: one kept connection, and the cookies of somebody who is signed in."""

    def __init__(self, up: Up) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=60)
        self._cookies: dict[str, str] = {}
        form = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/console/sign-in"))
        if form is None:
            raise RuntimeError("there is no form to sign in with")
        sent = urlencode({"csrf_token": form[1], "email": up.email, "password": up.password})
        self._request("POST", "/console/sign-in", sent, {"Content-Type": "application/x-www-form-urlencoded"})
        self.session = self._cookies["accounts_session"]

    def get(self, path: str, headers: Mapping[str, str] = {}) -> str:
        """The page or part at this address. Raises RuntimeError unless it is a success."""
        return self._request("GET", path, None, headers)

    def _request(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, path, body, {"Cookie": cookies, **headers})
        answer = self._connection.getresponse()
        content = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path.partition('?')[0]}: {answer.status}")
        return content


@dataclass
class _Pairs:
    """Milliseconds of a page and of the API call behind it, in turns."""

    page: list[float] = field(default_factory=list)
    call: list[float] = field(default_factory=list)

    def take(self, page: Callable[[], object], call: Callable[[], object], *, page_first: bool) -> None:
        """Measure both once."""
        for mine, ask in ((self.page, page), (self.call, call))[:: 1 if page_first else -1]:
            mine.append(_milliseconds(ask))

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.page) / statistics.median(self.call)

    @property
    def more(self) -> float:
        """How much longer the page takes, in milliseconds."""
        return statistics.median(self.page) - statistics.median(self.call)


@dataclass
class _Found:
    """What was measured with one crowd."""

    whole: _Pairs = field(default_factory=_Pairs)
    part: _Pairs = field(default_factory=_Pairs)
    page: _Pairs = field(default_factory=_Pairs)
    me: list[float] = field(default_factory=list)


def measure(stand: Stand, quick: bool) -> list[Row]:
    """Each size in turn, each an installation of its own."""
    if chromium() is None:
        raise CannotRun("needs Chromium: install the package chromium, or set CHROMIUM to its path")
    rows: list[Row] = []
    for size in [1_000] if quick else searching.SIZES:
        directory = stand.directory / f"console-{size}"
        try:
            with running_up(directory, demo=size, patience=PATIENCE) as up:
                _wait_for_index(up, size)
                rows += _server_times(up, size, 20 if quick else 200)
                rows.append(_keys(up, size, 4 if quick else 40))
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return rows


def _wait_for_index(up: Up, size: int) -> None:
    api = Client(up.port, up.api_key)

    def is_there() -> bool:
        total = api.post("/v1/search/customers/query", {"q": "", "limit": 1, "total": "exact"})["total"]
        return bool(total["value"] >= size)

    wait_until("all customers to be found", is_there, child=up.child, seconds=PATIENCE, every=1.0)


def _server_times(up: Up, size: int, rounds: int) -> list[Row]:
    browser = Browser(up)
    api = Client(up.port, browser.session)
    people = _people(api)
    for person in people[:5]:  # these only warm up
        _take_turns(browser, api, person, 0, _Found())
    found = _Found()
    for number in range(rounds):
        _take_turns(browser, api, people[number % len(people)], number, found)
    if statistics.median(found.me) > statistics.median(found.page.call):
        found.page.call = found.me
    rows = [_ratio(f"customer page, server time, {size:,} customers, p50", found.page, PAGE_AIM)]
    for what, pairs in (("list page", found.whole), ("search as you type", found.part)):
        rows.append(_ratio(f"{what}, server time, {size:,} customers, p50", pairs, TIMES_AIM))
        rows.append(Row("console", f"{what}: more than its API call, p50", pairs.more, "ms", MORE_AIM))
    return rows


def _take_turns(browser: Browser, api: Client, person: Mapping[str, Any], number: int, found: _Found) -> None:
    """Each page and its call once, for one customer."""
    q = _words(person)[: 3 + number % 6]
    address, mine = f"/console/customers?q={quote(q)}", f"/customers/{person['id']}"
    search = partial(api.post, "/v1/search/customers/query", Listing(q=q).body(chosen(None)))
    turn = number % 2 == 0
    found.whole.take(partial(browser.get, address), search, page_first=turn)
    found.part.take(partial(browser.get, address, PART), search, page_first=turn)
    found.page.take(partial(browser.get, f"/console{mine}"), partial(api.get, f"/v1{mine}"), page_first=turn)
    found.me.append(_milliseconds(partial(api.get, "/v1/identity/me")))


def _milliseconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1_000


def _ratio(what: str, pairs: _Pairs, aim: float) -> Row:
    return Row(
        name="console",
        what=what,
        ours=statistics.median(pairs.page),
        baseline=statistics.median(pairs.call),
        unit="ms",
        aim=aim,
        ratios=[pairs.ratio],
        lower_is_better=True,
        details={"page": pairs.page, "call": pairs.call},
    )


def _keys(up: Up, size: int, people: int) -> Row:
    from playwright.sync_api import sync_playwright

    found = _people(Client(up.port, up.api_key))[:people]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{up.port}/console/")
        page.get_by_label("Email address").fill(up.email)
        page.get_by_label("Password").fill(up.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/customers")
        page.evaluate(_WATCH)
        seconds = [ms for person in found for ms in _typed(page, _words(person)[:8])]
        browser.close()
    return Row(
        name="console",
        what=f"keystroke to new rows in Chromium, {size:,} customers, p95",
        ours=percentile(seconds, 0.95),
        unit="ms",
        aim=KEY_AIM,
        details={"p50": statistics.median(seconds), "keys": len(seconds)},
    )


def _typed(page: Page, text: str) -> list[float]:
    """How long rows took to follow each key, pressed once those of the one before are there."""
    page.locator("#q").fill("")
    page.evaluate(_EMPTY)
    found: list[float] = []
    for key in text:
        before = page.evaluate("window.keys.length")
        page.keyboard.press(key if key != " " else "Space")
        found.append(float(page.evaluate(_NEXT, before)))
    return found


def _people(api: Client) -> list[dict[str, Any]]:
    """Some customers, spread over all, whose names have letters that a keyboard has."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(5):
        page = api.get(f"/v1/customers?limit=200{cursor}")
        found += [each for each in page["items"] if _words(each).isascii() and len(_words(each)) >= 8]
        cursor = f"&cursor={quote(page['next_cursor'] or '')}"
        if not page["next_cursor"]:
            break
    if not found:
        raise RuntimeError(f"nobody to search for: {json.dumps(page)[:200]}")
    return found[:: max(1, len(found) // 200)]


def _words(person: Mapping[str, Any]) -> str:
    return f"{person['first_name'] or ''} {person['last_name'] or ''}".strip().lower()

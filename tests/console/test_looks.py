"""Every page and dialog in both themes: nothing that WCAG 2.2 AA forbids, nothing too wide, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.console.conftest import Site
from tests.console.pages import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = {"narrow": (360, 740), "usual": (1280, 800), "wide": (1920, 1080)}


def searched(page: Page) -> None:
    page.get_by_role("combobox").fill("berlin")
    page.locator(".why").first.wait_for()
    page.locator("#suggestions [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")


def mistaken(page: Page) -> None:
    page.get_by_role("combobox").fill("town:berlin anna")
    page.locator(".mistake").wait_for()


def nobody(page: Page) -> None:
    page.get_by_role("combobox").fill("xyzzyplugh")
    page.get_by_text("Nobody found").wait_for()


def helped(page: Page) -> None:
    page.get_by_role("button", name="Help and keys").click()


def columns(page: Page) -> None:
    page.get_by_role("button", name="Columns").click()


def filters(page: Page) -> None:
    page.locator("#open-filters").click()
    page.locator(".filter-form").get_by_label("Registered", exact=True).wait_for()


def filtered(page: Page) -> None:
    filters(page)
    form = page.locator(".filter-form")
    form.get_by_label("Country").select_option("DE")
    form.get_by_label("Registered", exact=True).select_option(">1y")
    form.get_by_label("Transactions, from").fill("0")
    form.get_by_role("button", name="Show customers").click()
    page.get_by_role("list", name="Filters in use").wait_for()


def account(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()


def customer(page: Page) -> None:
    page.goto(page.locator(".row-link").nth(2).evaluate("link => link.href"))


def at(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(page.url.partition("/console")[0] + path)

    return go


def as_it_is(page: Page) -> None:
    page.locator(".row-link").first.wait_for()


STATES: dict[str, Callable[[Page], None]] = {
    "list": as_it_is,
    "list-searched": searched,
    "list-mistaken": mistaken,
    "list-nobody": nobody,
    "help": helped,
    "columns": columns,
    "filters": filters,
    "filters-in-use": filtered,
    "filters-page": at("/console/customers/filters?q=anna+country:DE"),
    "account": account,
    "customer": customer,
    "preferences": at("/console/preferences"),
    "password": at("/console/password"),
    "imports": at("/console/imports"),
    "import-new": at("/console/imports/new"),
    "import-new-transactions": at("/console/imports/new?kind=transactions"),
    "staff": at("/console/settings/staff"),
    "staff-new": at("/console/settings/staff/new"),
    "api-keys": at("/console/settings/api-keys"),
    "api-key-new": at("/console/settings/api-keys/new"),
    "publisher": at("/console/settings/publisher"),
    "offers": at("/console/settings/offers"),
    "offer-new": at("/console/settings/offers/new"),
    "billing-settings": at("/console/settings/billing"),
    "sessions": at("/console/settings/sessions"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_a_page_can_be_used_by_all_and_is_pictured(
    site: Site, pages: Pages, pictures: Path, state: str, theme: str
) -> None:
    page = pages.signed_in(site.owner, color_scheme=theme, reduced_motion="reduce")
    STATES[state](page)
    assert_usable(page)
    for width, size in WIDTHS.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.screenshot(path=pictures / f"{state}-{theme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        if width == "narrow":
            assert_usable(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in_can_be_used_by_all(site: Site, pages: Pages, pictures: Path, theme: str) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 401")
    page = pages.open("/console/", color_scheme=theme, reduced_motion="reduce")
    assert_usable(page)
    page.get_by_label("Email address").fill(site.owner.email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert_usable(page)
    page.screenshot(path=pictures / f"sign-in-refused-{theme}.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_error_page_can_be_used_by_all(site: Site, pages: Pages, pictures: Path, theme: str) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 404")
    page = pages.signed_in(site.owner, color_scheme=theme)
    page.goto(f"{site.url}/console/customers/cus_00000000000000000000000000")
    assert_usable(page)
    page.screenshot(path=pictures / f"error-{theme}.png")


def assert_usable(page: Page) -> None:
    """Assert that axe finds nothing to object to."""
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(v["id"], node["html"][:200], node["failureSummary"][:300]) for v in found for node in v["nodes"]] == []

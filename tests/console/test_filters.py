"""The form of filters, used as people use it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.console.conftest import Site
from tests.console.pages import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _q(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query).get("q", [""])[0]


def test_what_is_chosen_stands_in_the_box_and_in_the_address(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    everybody = int(page.locator(".total strong").inner_text())
    page.locator("#open-filters").click()
    page.locator(".filter-form").get_by_label("Country").select_option("DE")
    page.locator(".filter-form").get_by_label("Registered, from").fill("1999-12-31")
    page.locator(".filter-form").get_by_label("Transactions, from").fill("0")
    page.get_by_role("button", name="Show customers").click()
    page.get_by_role("list", name="Filters in use").wait_for()
    assert _q(page) == "transactions:0.. registered:1999-12-31.. country:DE"
    assert page.get_by_role("combobox", name="Search customers").input_value() == _q(page)
    germans = int(page.locator(".total strong").inner_text())
    assert 0 < germans < everybody

    page.locator("#open-filters").click()
    assert page.locator(".filter-form").get_by_label("Country").input_value() == "DE"
    page.locator(".filter-form").get_by_label("Has access").select_option("no")
    page.keyboard.press("Escape")
    assert _q(page) == "transactions:0.. registered:1999-12-31.. country:DE"

    page.get_by_role("link", name="Without the filter Country").click()
    page.wait_for_url(lambda url: "country" not in url)
    assert int(page.locator(".total strong").inner_text()) == everybody


def test_what_was_typed_is_kept_and_its_conditions_are_shown(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    page.get_by_role("combobox", name="Search customers").fill("country:DE last_login>45d is:active")
    page.get_by_role("list", name="Filters in use").wait_for()
    page.get_by_text("Country: Germany").wait_for()
    page.locator("#open-filters").click()
    page.locator(".filter-form").get_by_label("Search for").wait_for()
    assert page.locator(".filter-form").get_by_label("Search for").input_value() == "last_login>45d is:active"
    page.locator(".filter-form").get_by_label("Country").select_option("FR")
    page.get_by_role("button", name="Show customers").click()
    page.wait_for_url(lambda url: "country%3AFR" in url)
    assert _q(page) == "last_login>45d is:active country:FR"


def test_without_a_script_it_is_a_page_of_its_own(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner, java_script_enabled=False)
    page.locator("#open-filters").click()
    page.get_by_role("heading", name="Filter customers").wait_for()
    page.locator(".filter-form").get_by_label("Currency", exact=True).select_option("EUR")
    page.get_by_role("button", name="Show customers").click()
    assert _q(page) == "currency:EUR"
    assert page.locator(".row-link").count() > 0

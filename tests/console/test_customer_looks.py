"""A customer's page and its dialogs in both themes: nothing that WCAG 2.2 AA forbids, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Site
from tests.console.editors import failing, new_customer, open_edit, second_editor
from tests.console.pages import Pages
from tests.console.test_looks import WIDTHS, assert_usable

if TYPE_CHECKING:
    from playwright.sync_api import Page

FULL = {
    "company": "Beispiel GmbH",
    "birthdate": "1985-03-12",
    "phone": "+49 30 123456",
    "language": "de",
    "currency": "EUR",
    "country": "DE",
    "address": {"line1": "Invalidenstraße 116", "city": "Berlin", "postal_code": "10115", "country": "DE"},
    "attributes": {"plan_interest": "gold", "newsletter": True},
}


def as_it_is(_site: Site, _page: Page, _customer: str) -> None:
    """Nothing more."""


def menu(_site: Site, page: Page, _customer: str) -> None:
    page.get_by_role("button", name="More actions").click()


def edit(_site: Site, page: Page, _customer: str) -> None:
    open_edit(page)


def edit_email(_site: Site, page: Page, _customer: str) -> None:
    open_edit(page)
    page.get_by_label("Email", exact=True).fill("somebody.else@example.org")
    page.locator(".more > summary").click()


def edit_refused(site: Site, page: Page, _customer: str) -> None:
    open_edit(page)
    page.get_by_label("First name").fill("​\u202eAnna")
    page.get_by_label("Email", exact=True).fill("a..b@example.com")
    page.get_by_label("Yes, change").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Not saved.", exact=True).wait_for()


def conflict(site: Site, page: Page, customer: str) -> None:
    open_edit(page)
    page.get_by_label("Company").fill("Mine AG")
    page.get_by_label("First name").fill("Anne")
    second_editor(site).edit(customer, company="Theirs Ltd", last_name="Schmidt")
    page.get_by_role("button", name="Save").click()
    page.locator(".conflict").wait_for()


def discard(_site: Site, page: Page, _customer: str) -> None:
    open_edit(page)
    page.get_by_label("Company").fill("Mine AG")
    page.get_by_role("button", name="Cancel").click()


def draft(_site: Site, page: Page, _customer: str) -> None:
    open_edit(page)
    page.get_by_label("Company").fill("Mine AG")
    page.reload()
    page.locator("#draft-offer").wait_for()


def history(site: Site, page: Page, customer: str) -> None:
    second_editor(site).edit(
        customer, company="Other", address={"city": "Wien"}, attributes={"plan_interest": "silver"}
    )
    menu(site, page, customer)
    page.get_by_role("button", name="Change history").click()
    page.locator(".change").first.wait_for()


def anonymize(site: Site, page: Page, customer: str) -> None:
    menu(site, page, customer)
    page.get_by_role("button", name="Anonymize").click()
    page.get_by_label("Type anonymize").wait_for()


def anonymized(site: Site, page: Page, customer: str) -> None:
    anonymize(site, page, customer)
    page.get_by_label("Type anonymize").fill("anonymize")
    page.get_by_role("button", name="Anonymize for good").click()
    site.system.drain()
    page.get_by_text("Completed:").wait_for()


def anonymized_page(site: Site, page: Page, customer: str) -> None:
    anonymized(site, page, customer)
    page.keyboard.press("Escape")
    page.locator(".summary .badge", has_text="Anonymized").wait_for()


def failed(site: Site, page: Page, _customer: str) -> None:
    with failing(site, "customers"):
        page.reload()
        page.get_by_role("region", name="Summary").locator(".failure").wait_for()


STATES: dict[str, Callable[[Site, Page, str], None]] = {
    "page": as_it_is,
    "menu": menu,
    "edit": edit,
    "edit-email": edit_email,
    "edit-refused": edit_refused,
    "conflict": conflict,
    "discard": discard,
    "draft": draft,
    "history": history,
    "anonymize": anonymize,
    "anonymized": anonymized,
    "anonymized-page": anonymized_page,
    "failed": failed,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_a_customers_page_can_be_used_by_all_and_is_pictured(
    site: Site, pages: Pages, pictures: Path, state: str, theme: str
) -> None:
    customer = new_customer(site, **FULL)
    path = f"/console/customers/{customer}"
    page = pages.signed_in(site.editor, path, color_scheme=theme, reduced_motion="reduce")
    page.locator(".summary-name").wait_for()
    STATES[state](site, page, customer)
    assert_usable(page)
    for width, size in WIDTHS.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.screenshot(path=pictures / f"customer-{state}-{theme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

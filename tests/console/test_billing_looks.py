"""Billing's panels and dialogs in both themes: nothing that WCAG 2.2 AA forbids, nothing too wide, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.buyers import Buyer, rich
from tests.console.conftest import Site
from tests.console.editors import failing
from tests.console.pages import Pages
from tests.console.test_looks import WIDTHS, assert_usable

if TYPE_CHECKING:
    from playwright.sync_api import Page


def panels(_buyer: Buyer, _page: Page) -> None:
    """Nothing more."""


def details(_buyer: Buyer, page: Page) -> None:
    page.locator("#panel-transactions .row-link").last.click()
    page.locator(".transaction-amount").wait_for()


def invoice(_buyer: Buyer, page: Page) -> None:
    page.locator("#panel-invoices .row-link").last.click()
    page.locator(".invoice-total").wait_for()


def click(page: Page, name: str) -> None:
    page.locator("#customer-dialog").get_by_role("button", name=name, exact=True).click()


def refund(buyer: Buyer, page: Page) -> None:
    details(buyer, page)
    click(page, "Refund")
    page.locator(".billing-form").wait_for()


def refund_part(buyer: Buyer, page: Page) -> None:
    refund(buyer, page)
    page.get_by_label("A part").check()
    page.get_by_label("Amount in EUR").fill("99.999")
    page.get_by_role("radio", name="Access ends").check()
    page.get_by_role("radio", name="Stop").check()
    click(page, "Refund")
    page.get_by_text("Not refunded.").wait_for()


def cancel_transaction(buyer: Buyer, page: Page) -> None:
    details(buyer, page)
    click(page, "Cancel transaction")
    page.locator(".billing-form").wait_for()


def extend(buyer: Buyer, page: Page) -> None:
    details(buyer, page)
    click(page, "Extend access")
    page.get_by_label("Number").fill("2")


def cancel(_buyer: Buyer, page: Page) -> None:
    page.get_by_role("button", name="Cancel Premium, monthly").click()
    page.locator(".billing-form").wait_for()


def cancel_now(buyer: Buyer, page: Page) -> None:
    cancel(buyer, page)
    page.get_by_label("At once").check()
    page.get_by_label("For the unused part").check()


def refused(_buyer: Buyer, page: Page) -> None:
    page.get_by_role("button", name="Cancel Archive").click()
    page.get_by_text("This can't be done").wait_for()


def switch(_buyer: Buyer, page: Page) -> None:
    page.get_by_role("button", name="Switch", exact=True).click()
    page.get_by_label("New offer").select_option(label="Quarterly: €11.77 / 3 months")
    page.locator(".consequences").wait_for()


def delete(_buyer: Buyer, page: Page) -> None:
    page.get_by_role("button", name="Delete Visa ending in 4242").click()
    page.locator(".billing-form").wait_for()


def down(buyer: Buyer, page: Page) -> None:
    with failing(buyer.site, "billing"):
        page.reload()
        page.locator("#panel-invoices .failure").wait_for()
        page.locator("#panel-payments .failure").wait_for()


STATES: dict[str, Callable[[Buyer, Page], None]] = {
    "panels": panels,
    "details": details,
    "invoice": invoice,
    "refund": refund,
    "refund-part": refund_part,
    "cancel-transaction": cancel_transaction,
    "extend": extend,
    "cancel": cancel,
    "cancel-now": cancel_now,
    "refused": refused,
    "switch": switch,
    "delete": delete,
    "down": down,
}


@pytest.fixture(scope="module")
def buyer(embedded_site: Site) -> Buyer:
    return rich(embedded_site)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_billing_can_be_used_by_all_and_is_pictured(
    buyer: Buyer, pages: Pages, pictures: Path, state: str, theme: str
) -> None:
    page = buyer.opened(pages, color_scheme=theme, reduced_motion="reduce")
    STATES[state](buyer, page)
    # What is shown anew while axe looks would carry over the styles that axe sets meanwhile.
    pages.expected.append("htmx: htmx:error: timeout")
    page.route("**again=**", lambda _route: None)
    assert_usable(page)
    for width, size in WIDTHS.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.screenshot(path=pictures / f"billing-{state}-{theme}-{width}.png", full_page=state == "panels")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

"""Billing's panels and dialogs in both themes: nothing that WCAG 2.2 AA forbids, nothing too wide, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.buyers import Buyer, rich
from tests.console.conftest import Site
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


STATES: dict[str, Callable[[Buyer, Page], None]] = {"panels": panels, "details": details, "invoice": invoice}


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
    page.route("**again=**", lambda _route: None)
    assert_usable(page)
    for width, size in WIDTHS.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.screenshot(path=pictures / f"billing-{state}-{theme}-{width}.png", full_page=state == "panels")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

"""Signing in, and the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.console.conftest import CUSTOMERS, IN_BOTH_MODES, Site
from tests.console.pages import Pages, sign_in

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = IN_BOTH_MODES


def test_an_agent_signs_in_and_sees_the_list(site: Site, pages: Pages, pictures: Path) -> None:
    page = pages.open("/console/")
    page.screenshot(path=pictures / "sign-in.png")
    sign_in(page, site.owner)
    page.wait_for_url("**/console/customers")
    rows = page.locator("#results tbody tr")
    assert rows.count() == 50
    assert page.get_by_text(f"{CUSTOMERS} customers").is_visible()
    page.screenshot(path=pictures / "list.png")


def test_typing_narrows_the_list_and_a_reload_shows_the_same(site: Site, pages: Pages, pictures: Path) -> None:
    page = pages.signed_in(site.owner)
    email = page.locator("#results tbody th").first.inner_text().strip()
    page.get_by_role("combobox").press_sequentially(email)
    page.get_by_text("1 customer", exact=True).wait_for()
    assert page.locator("#results tbody tr").count() == 1
    assert page.locator(".why").inner_text().lower().startswith("email")
    page.screenshot(path=pictures / "list-found.png")
    page.reload()
    assert page.locator("#results tbody tr").count() == 1
    assert page.get_by_role("combobox").input_value() == email


def test_a_row_opens_the_customer_in_a_new_tab(site: Site, pages: Pages, pictures: Path) -> None:
    page = pages.signed_in(site.owner)
    name = page.locator("#results tbody tr").first.locator("td").first.inner_text()
    with page.context.expect_page() as opened:
        page.locator("#results tbody tr").first.locator("td").last.click(force=True)  # the row's link lies over it
    customer = opened.value
    customer.locator(".summary-name").wait_for()
    assert customer.locator(".summary-name").inner_text() == name
    customer.screenshot(path=pictures / "customer.png")

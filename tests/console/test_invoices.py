"""Invoices in the browser: what a hostile buyer is called is text on the page to print, in the PDF and in the mail."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pypdf import PdfReader

from tests.console.buyers import Buyer
from tests.console.conftest import IN_BOTH_MODES, Site
from tests.console.pages import Pages
from tests.console.test_billing import dialog
from tests.console.test_looks import assert_usable

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

HOSTILE = "<script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>{{ 7*7 }}"


def _opened(site: Site, pages: Pages, **fields: str) -> Page:
    buyer = Buyer.new(site, **fields)
    buyer.subscribes()
    site.system.drain()
    page = buyer.opened(pages)
    page.locator("#panel-invoices .row-link").first.click()
    dialog(page).get_by_role("link", name="Page to print").wait_for()
    return page


@IN_BOTH_MODES
def test_a_hostile_buyer_is_text_on_the_page_and_in_the_pdf(site: Site, pages: Pages, pictures: Path) -> None:
    page = _opened(site, pages, last_name=HOSTILE[:80], language="de")
    with page.context.expect_page() as opened:
        dialog(page).get_by_role("link", name="Page to print").click()
    printed = opened.value
    requests: list[str] = []
    printed.on("request", lambda request: requests.append(request.url))
    printed.reload()
    printed.get_by_role("heading", level=1, name="Rechnung").wait_for()
    assert HOSTILE[:80] in (printed.locator("section").nth(1).text_content() or "")
    assert printed.locator("script, img, iframe, form, link").count() == 0
    assert "11,77" in (printed.locator("tfoot").text_content() or "")
    assert [address for address in requests if "evil.example" in address] == []
    assert printed.locator("html").get_attribute("lang") == "de"
    printed.screenshot(path=pictures / "invoice-page.png", full_page=True)
    same = page.context.new_page()  # where scripts run, so that the checker can
    same.set_content(printed.content())
    assert_usable(same)
    same.close()
    printed.close()
    answer = page.request.get(f"{page.url.partition('#')[0]}/{_pdf_of(page)}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    said = "".join(each.extract_text() for each in PdfReader(io.BytesIO(answer.body())).pages)
    assert "".join(HOSTILE[:80].split()) in "".join(said.split())
    assert "11,77" in said


def test_where_no_font_has_the_letters_the_page_is_offered(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 404")
    page = _opened(site, pages, first_name="太郎", last_name="山田")
    with page.context.expect_page() as opened:
        dialog(page).get_by_role("link", name="PDF", exact=True).click()
    opened.value.get_by_text("Open the page to print instead.").wait_for()
    opened.value.close()
    with page.context.expect_page() as opened:
        dialog(page).get_by_role("link", name="Page to print").click()
    opened.value.get_by_text("太郎 山田").wait_for()


def _pdf_of(page: Page) -> str:
    address = dialog(page).get_by_role("link", name="PDF", exact=True).get_attribute("href") or ""
    return "/".join(address.split("/")[-3:])

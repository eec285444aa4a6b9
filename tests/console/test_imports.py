"""Importing a file in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.console.conftest import Site
from tests.console.pages import Pages, Staff
from tests.console.test_looks import assert_usable
from tests.e2e.system import Api

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


def _choose(page: Page, content: str, name: str = "people.csv") -> None:
    page.get_by_label("File", exact=True).set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    )


def test_a_file_goes_in_and_its_bad_rows_come_back(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/imports")
    page.screenshot(path=pictures / "imports-empty.png")
    page.get_by_role("link", name="Import a file").first.click()
    _choose(page, "external_id,email,last_name\n1,a@example.com,A\n2,nobody,B\n3,c@example.com,C\n")
    page.screenshot(path=pictures / "import-new.png")
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/console/imports/imp_*")
    site.system.drain()
    page.get_by_text("Finished with rejects").wait_for()
    figures = dict(
        zip(page.locator(".tiles dt").all_inner_texts(), page.locator(".tiles dd").all_inner_texts(), strict=True)
    )
    assert figures == {"new": "2", "changed": "0", "unchanged": "0", "rejected": "1"}
    page.screenshot(path=pictures / "import-finished.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download rejected rows").click()
    rejected = download.value.path().read_text()
    assert rejected.splitlines()[0] == "row,column,reason,external_id,email,last_name"
    assert rejected.splitlines()[1].startswith("3,email,")


def test_unknown_columns_are_asked_about_and_what_was_chosen_counts(site: Site, pages: Pages, pictures: Path) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 422")
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/imports/new")
    _choose(page, "No,email,Plan,Remark\n7,a@example.com,gold,x\n")
    page.get_by_role("button", name="Import").click()
    page.get_by_label("No", exact=True).select_option("External ID")
    page.get_by_label("Plan", exact=True).select_option("Keep it as a custom attribute")
    page.screenshot(path=pictures / "import-unknown.png", full_page=True)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/console/imports/imp_*")
    site.system.drain()
    page.get_by_text("Finished", exact=True).wait_for()
    fields = dict(
        zip(
            page.locator(".listing tbody th").all_inner_texts(),
            page.locator(".listing tbody td").all_inner_texts(),
            strict=True,
        )
    )
    assert fields == {"No": "external_id", "email": "email", "Plan": "attributes.plan", "Remark": "left out"}


def test_a_hostile_file_of_notes_is_text_wherever_it_is_shown(site: Site, pages: Pages) -> None:
    owner = Staff.of_new_publisher(site.system)
    api = Api(site.system.client, owner.api_key, owner.publisher_id)
    customer = api.create(email="anna@example.com")
    site.system.drain()
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
    page = pages.signed_in(owner, "/console/imports/new?kind=notes")
    _choose(page, f"email,text,author\nanna@example.com,{evil},{evil}\nanna@example.com,{evil * 99},{evil}\n", "n.csv")
    page.get_by_label("Name of the import").fill(evil)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/console/imports/notes/imp_*")
    site.system.drain()
    page.get_by_text("Finished with rejects").wait_for()
    assert page.locator("h1").inner_text() == evil
    page.goto(f"{site.url}/console/customers/{customer['id']}")
    note = page.locator("#panel-notes .note")
    note.get_by_text("imported").wait_for()
    assert (note.locator(".note-text").text_content(), note.locator("strong").text_content()) == (evil, evil)
    assert page.locator("#panel-notes .note").locator("script, img").count() == 0


def test_a_file_of_many_pieces_is_sent_whole(site: Site, pages: Pages) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/imports/new")
    rows = 3_000
    padding = "x" * 700
    content = "external_id,email,company\n" + "".join(f"{n},p{n}@example.com,{padding[:190]}\n" for n in range(rows))
    content += "".join(f"bad{n},nobody,{padding}\n" for n in range(1_000))
    page.get_by_label("Dry run").check()
    _choose(page, content, "many.csv")
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/console/imports/imp_*")
    site.system.drain()
    page.get_by_text("Finished with rejects").wait_for()
    assert page.locator(".tiles dd").all_inner_texts() == ["3,000", "0", "0", "1,000"]
    assert page.get_by_text("Dry run: nothing is changed").is_visible()


def test_payments_go_in_with_a_currency_for_all_and_unknown_columns_asked_about(
    site: Site, pages: Pages, pictures: Path
) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 422")
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/imports/new")
    page.get_by_role("navigation", name="What is imported").get_by_role("link", name="Transactions").click()
    page.get_by_role("heading", name="Import transactions").wait_for()
    _choose(page, "Order ID,Email,Date,Worth\nA-1,nobody@example.com,2026-03-12,12.99\n", "payments.csv")
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Import").click()
    page.get_by_label("Worth", exact=True).select_option("Amount, tax included")
    assert_usable(page)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/console/imports/billing/imp_*")
    fields = dict(
        zip(
            page.locator(".listing tbody th").all_inner_texts(),
            page.locator(".listing tbody td").all_inner_texts(),
            strict=True,
        )
    )
    assert fields["Worth"] == "amount"
    assert fields["every row: USD"] == "currency"
    page.get_by_role("button", name="Cancel import").click()
    page.get_by_text("Canceled", exact=True).wait_for()
    page.screenshot(path=pictures / "import-transactions.png", full_page=True)
    page.get_by_role("link", name="Imports").first.click()
    page.get_by_role("cell", name="Transactions").wait_for()

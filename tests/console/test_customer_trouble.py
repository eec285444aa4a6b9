"""A customer's page when something comes between: sessions that end, connections that fail, second thoughts."""

from __future__ import annotations

from tests.console.conftest import Site
from tests.console.editors import drafts, failing, new_customer, open_edit, opened, second_editor
from tests.console.pages import Pages, sign_in


def test_what_is_typed_outlives_the_session_and_is_gone_after_signing_out(site: Site, pages: Pages) -> None:
    customer = new_customer(site)
    page = opened(site, pages, customer)
    open_edit(page)
    page.get_by_label("Company").fill("Typed AG")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/console/sign-in?next=*")
    sign_in(page, site.editor)
    page.wait_for_url(f"**/console/customers/{customer}")
    second_editor(site).edit(customer, phone="+49 30 111111")
    page.get_by_role("button", name="Go on editing").click()
    page.get_by_label("Company").wait_for()
    assert page.get_by_label("Company").input_value() == "Typed AG"
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Changed by somebody else").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Go on editing").click()
    assert len(drafts(page)) == 1
    page.reload()
    assert page.locator("#draft-offer").is_visible()
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in")
    assert drafts(page) == []


def test_leaving_asks_before_it_discards(site: Site, pages: Pages) -> None:
    page = opened(site, pages, new_customer(site))
    open_edit(page)
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    page.mouse.click(5, 5)
    assert page.get_by_text("Discard what you typed?").is_visible()
    page.get_by_role("button", name="Go on editing").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Discard", exact=True).click()
    assert page.locator("dialog[open]").count() == 0
    assert drafts(page) == []
    open_edit(page)
    assert page.get_by_label("Company").input_value() == ""


def test_a_panel_that_fails_says_so_and_is_loaded_again_alone(site: Site, pages: Pages) -> None:
    customer = new_customer(site)
    page = pages.signed_in(site.editor)
    summary = page.get_by_role("region", name="Summary")
    with failing(site, "customers"):
        page.goto(f"{site.url}/console/customers/{customer}")
        summary.get_by_text("Not available right now").wait_for()
        page.evaluate("window.untouched = true")
        summary.get_by_role("button", name="Try again").click()
        summary.locator("[data-panel]:not(.htmx-request) .failure").wait_for()
    summary.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="Anna Müller").wait_for()
    assert page.title() == "Anna Müller · Customer Accounts"
    assert page.evaluate("window.untouched")


def test_a_service_that_fails_while_saving_leaves_what_was_typed(site: Site, pages: Pages) -> None:
    page = opened(site, pages, new_customer(site))
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    with failing(site, "customers"):
        page.get_by_role("button", name="Save").click()
        page.get_by_text("The database doesn't answer right now.").wait_for()
    assert page.get_by_label("Company").input_value() == "Mine"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.", exact=True).wait_for()


def test_a_connection_that_breaks_while_saving_leaves_what_was_typed(site: Site, pages: Pages) -> None:
    pages.expected += ["Failed to load resource: net::ERR_INTERNET_DISCONNECTED", "htmx: htmx:error"]
    page = opened(site, pages, new_customer(site))
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    page.context.set_offline(True)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The server can't be reached.").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.", exact=True).wait_for()
    assert page.locator("#panel-summary").get_by_text("Mine", exact=True).is_visible()


def test_a_form_of_before_another_sign_in_keeps_what_was_typed(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 400")
    page = opened(site, pages, new_customer(site))
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    page.context.clear_cookies(name="accounts_forms")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("This page is out of date.").wait_for()
    assert page.get_by_label("Company").input_value() == "Mine"
    page.reload()
    page.get_by_role("button", name="Go on editing").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.", exact=True).wait_for()


def test_what_was_typed_about_somebody_anonymized_meanwhile_is_forgotten(site: Site, pages: Pages) -> None:
    customer = new_customer(site)
    page = opened(site, pages, customer)
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    site.system.staff(site.editor.publisher_id, "owner").anonymize(customer)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("This customer was anonymized, for good.").wait_for()
    assert len(drafts(page)) == 1
    page.reload()
    page.locator(".summary .badge", has_text="Anonymized").wait_for()
    assert drafts(page) == []
    assert not page.locator("#draft-offer").is_visible()

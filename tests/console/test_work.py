"""An agent's work in the browser, much of it by the keyboard alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from services.console.columns import COLUMNS
from tests.console.conftest import CUSTOMERS, Site
from tests.console.pages import Pages, Staff, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

BOX = "#q"
ROWS = "#results tbody tr"


def headers(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#results thead th").all_inner_texts()]


def focused(page: Page) -> str:
    """What has the focus: its ID, else its class."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def shows_results_of(page: Page, total: str) -> None:
    page.locator(".total", has_text=re.compile(rf"^\s*{total} customers?\s*$")).wait_for()


def turn(page: Page, link: str) -> None:
    """Follow "Next" or "Previous" until another page is shown."""
    first = page.locator(".row-link").first.inner_text()
    page.get_by_role("link", name=link).click()
    expect(page.locator(".row-link").first).not_to_have_text(first)


def test_finding_somebody_takes_only_the_keyboard(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    email = page.locator(".row-link").nth(5).inner_text()
    page.locator("main").focus()
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type(email)
    shows_results_of(page, "1")
    page.locator("#suggestions [role=option]").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator(BOX).input_value() == email
    page.keyboard.press("ArrowDown")
    assert focused(page) == "row-link"
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    opened.value.locator(".summary").wait_for()
    assert opened.value.evaluate("window.opener") is None
    page.bring_to_front()
    page.keyboard.press("ArrowUp")
    assert focused(page) == "q"
    page.keyboard.press("Escape")
    shows_results_of(page, str(CUSTOMERS))


def test_suggestions_are_taken_by_the_arrow_keys_and_enter(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    box = page.locator(BOX)
    box.press_sequentially("berl")
    option = page.locator("#suggestions [role=option]", has_text="Berlin").last
    option.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowUp")
    chosen = page.locator("#suggestions [aria-selected=true]")
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile("^city:"))
    assert box.get_attribute("aria-expanded") == "false"
    page.wait_for_url("**/console/customers?q=city*")


def test_a_suggested_customer_opens_in_a_new_tab(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    email = page.locator(".row-link").nth(7).inner_text()
    page.locator(BOX).press_sequentially(email)
    with page.context.expect_page() as opened:
        page.locator("#suggestions [data-href]").first.click()
    opened.value.get_by_text(email).first.wait_for()


def test_help_opens_by_its_key_and_gives_the_focus_back(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    page.locator(".row-link").first.focus()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Finding customers").wait_for()
    page.keyboard.press("Escape")
    assert focused(page) == "row-link"
    page.locator(BOX).focus()
    page.keyboard.type("?")
    assert not page.get_by_role("dialog").is_visible()


def test_sorting_goes_both_ways_and_keeps_the_focus(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    emails = []
    for direction in ("ascending", "descending"):
        page.locator("#sort-email").focus()
        page.keyboard.press("Enter")
        page.locator(f"th[aria-sort={direction}]", has_text="Email").wait_for()
        assert focused(page) == "sort-email"
        emails.append(page.locator(".row-link").first.inner_text())
    assert emails[0] < emails[1]
    page.locator("#sort-email").click()
    page.locator("th[aria-sort]").wait_for(state="detached")
    page.go_back()
    page.locator("th[aria-sort=descending]").wait_for()
    assert page.locator(".row-link").first.inner_text() == emails[1]


def test_pages_go_on_and_back_without_losing_anybody(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    seen: list[str] = []
    while True:
        seen += page.locator(".row-link").all_inner_texts()
        if page.get_by_role("link", name="Next").count() == 0:
            break
        turn(page, "Next")
    assert len(seen) == len(set(seen)) == CUSTOMERS
    while page.get_by_role("link", name="Previous").count():
        turn(page, "Previous")
    assert page.locator(".row-link").first.inner_text() == seen[0]


def test_columns_are_kept_wherever_one_signs_in(site: Site, pages: Pages) -> None:
    shown = ["City", "Email", "Name", "Registered", "Last login", "Transactions", "Last payment method"]
    other = pages.signed_in(site.owner)
    other.get_by_role("button", name="Columns").click()
    dialog = other.get_by_role("dialog", name="Columns")
    dialog.get_by_role("checkbox", name="Customer ID").uncheck()
    dialog.get_by_role("checkbox", name="City").check()
    up = dialog.get_by_role("button", name="Move City up")
    up.focus()
    for _ in COLUMNS:
        other.keyboard.press("Enter")
    assert dialog.get_by_role("status").inner_text() == f"City: 1 of {len(COLUMNS)}"
    dialog.get_by_label("Customers on a page").select_option("25")
    dialog.get_by_role("button", name="Save").click()
    expect(other.locator(ROWS)).to_have_count(25)
    assert headers(other) == shown
    again = pages.signed_in(site.owner)
    assert headers(again) == shown
    again.get_by_role("button", name="Columns").click()
    again.get_by_role("button", name="Reset").click()
    expect(again.locator(ROWS)).to_have_count(50)
    assert headers(again) == [
        "Email", "Name", "Customer ID", "Registered", "Last login", "Transactions", "Last payment method",
    ]  # fmt: skip


def test_a_column_is_dragged(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    page.get_by_role("button", name="Columns").click()
    rows = page.locator(".column-row")
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 200, "y": 4})
    assert [text.strip() for text in rows.all_inner_texts()[:3]] == ["Customer ID", "Email", "Name"]


def test_the_theme_is_switched_and_kept(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Dark").click()
    page.locator("html[data-bs-theme=dark]").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    again = pages.signed_in(site.owner, color_scheme="light")
    again.locator("html[data-bs-theme=dark]").wait_for()
    again.get_by_role("button", name="Your account").click()
    again.get_by_role("button", name="As the system").click()
    again.locator("html:not([data-bs-theme])").wait_for()


def test_times_follow_the_browsers_zone_and_language(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner, locale="de-DE", timezone_id="Asia/Tokyo")
    page.reload()
    moment = page.locator("#results time").first
    utc = str(moment.get_attribute("datetime"))
    in_tokyo = page.evaluate(
        "utc => new Date(utc).toLocaleString('de-DE', {dateStyle: 'medium', timeStyle: 'short'})", utc
    )
    assert moment.inner_text() == in_tokyo


def test_what_is_typed_outlives_the_session(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    page.goto(f"{site.url}/console/preferences")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_label("Dark").check()
    page.context.clear_cookies(name="accounts_session")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/console/sign-in?next=%2Fconsole%2Fpreferences")
    assert page.get_by_text("What you typed is kept in this tab.").is_visible()
    sign_in(page, site.owner)
    page.wait_for_url("**/console/preferences")
    assert page.get_by_label("Time zone").input_value() == "Asia/Tokyo"
    assert page.get_by_label("Dark").is_checked()
    page.get_by_label("Time zone").select_option("")
    page.get_by_label("As the system").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/console/customers")
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_a_search_whose_session_ended_goes_on_after_signing_in(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    page.locator(BOX).fill("berlin")
    page.wait_for_url("**?q=berlin")
    page.context.clear_cookies(name="accounts_session")
    page.locator(BOX).fill("berlin c")
    page.wait_for_url("**/console/sign-in?next=*")
    sign_in(page, site.owner)
    page.wait_for_url("**/console/customers?q=berlin+c")
    assert page.locator(BOX).input_value() == "berlin c", "what was typed as it ended, too"


def test_a_lost_connection_is_told_and_the_list_comes_back(site: Site, pages: Pages) -> None:
    pages.expected += ["Failed to load resource: net::ERR_CONNECTION_REFUSED", "htmx: htmx:error: Failed to fetch"]
    page = pages.signed_in(site.owner)
    page.route("**/console/customers?*", lambda route: route.abort("connectionrefused"))
    page.locator(BOX).fill("berlin")
    page.get_by_text("The server can't be reached.").wait_for()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    page.locator(".why").first.wait_for()


def test_a_panel_that_fails_is_loaded_again(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 503")
    page = pages.signed_in(site.owner)
    page.goto(str(page.locator(".row-link").first.evaluate("link => link.href")))
    page.route("**/summary", lambda route: route.fulfill(status=503, body="<p>Down</p>", content_type="text/html"))
    page.locator("#panel-summary [data-panel]").evaluate("panel => htmx.trigger(panel, 'retry')")
    page.get_by_text("Down").wait_for()
    page.unroute_all()
    page.locator("#panel-summary [data-panel]").evaluate("panel => htmx.trigger(panel, 'retry')")
    page.locator(".summary-name").wait_for()


def test_signing_out_ends_the_session_for_good(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.owner)
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "accounts_session"]
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in")
    page.context.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": f"{site.url}/console"}])
    page.goto(f"{site.url}/console/customers")
    page.wait_for_url("**/console/sign-in?next=*")


def test_hostile_text_is_text(site: Site, pages: Pages) -> None:
    staff = Staff.of_new_publisher(site.system)
    page = pages.signed_in(staff)
    hostile = "<img src=x onerror=alert(1)>'\"<script>alert(2)</script>"
    site.system.client.post(
        "/v1/customers",
        json={"email": "mallory@example.com", "first_name": hostile, "last_name": "{{ 7*7 }}", "company": hostile},
        headers={"Authorization": f"Bearer {staff.api_key}"},
    )
    site.system.drain()
    page.reload()
    assert page.locator("#results td").first.inner_text() == f"{hostile} {{{{ 7*7 }}}}"
    page.locator(BOX).fill("onerror")
    page.locator("#suggestions [role=option]").first.wait_for()
    page.goto(str(page.locator(".row-link").first.evaluate("link => link.href")))
    assert page.locator(".summary-name").inner_text() == f"{hostile} {{{{ 7*7 }}}}"
    assert page.locator("main img").count() == 0


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/customers"])
def test_no_page_can_be_framed(site: Site, pages: Pages, path: str) -> None:
    pages.expected += ["Framing ", "Refused to "]
    page = pages.open("/healthz")
    page.evaluate(
        "path => { const f = document.createElement('iframe'); f.src = path; document.body.append(f); }", path
    )
    page.wait_for_function("document.querySelector('iframe').contentDocument === null")


def test_from_whom_personal_data_is_hidden_finds_nobody_by_it(site: Site, pages: Pages) -> None:
    page = pages.open("/console/sign-in")
    session = site.system.staff(site.owner.publisher_id, "viewer_no_pii").credential
    page.context.add_cookies([{"name": "accounts_session", "value": session, "url": f"{site.url}/console"}])
    page.goto(f"{site.url}/console/customers")
    expect(page.locator(ROWS)).to_have_count(50)
    assert "@" not in page.locator("#results tbody").inner_text().replace("•", "")
    assert page.locator("#sort-email").count() == 0
    page.locator("#sort-registered_at").click()
    page.locator("th[aria-sort=ascending]", has_text="Registered").wait_for()
    page.locator(BOX).fill("anna")
    page.get_by_text("which your credential may not see").wait_for()
    assert page.locator("#suggestions [role=option]").count() == 0

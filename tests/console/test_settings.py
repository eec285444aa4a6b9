"""Staff, API keys and preferences in the browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2

from tests.console.colleagues import colleague, signs_in
from tests.console.conftest import Site
from tests.console.pages import Pages, Staff, sign_in

if TYPE_CHECKING:
    from pathlib import Path


def test_somebody_is_added_and_signs_in_with_the_temporary_password(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/staff")
    page.get_by_role("link", name="Add somebody").click()
    email = owner.email.replace("owner", "grace")
    page.get_by_label("Name").fill("Grace <b>Agent</b>")
    page.get_by_label("Email address").fill(email)
    page.screenshot(path=pictures / "staff-new.png", full_page=True)
    page.get_by_role("button", name="Add").click()
    password = page.locator("#secret").inner_text()
    page.screenshot(path=pictures / "staff-password.png")
    assert signs_in(site, email, password)
    page.get_by_role("link", name="To the staff").click()
    row = page.get_by_role("row", name="Grace <b>Agent</b>")
    assert row.get_by_text("Temporary password").is_visible()
    page.screenshot(path=pictures / "staff.png")


def test_what_is_shown_only_once_is_shown_after_a_double_click_too(site: Site, pages: Pages) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/staff/new")
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Email address").fill(owner.email.replace("owner", "grace"))
    page.get_by_role("button", name="Add").dblclick()
    page.get_by_text("Grace was added").wait_for()
    assert signs_in(site, owner.email.replace("owner", "grace"), page.locator("#secret").inner_text())
    page.goto(f"{site.url}/console/settings/api-keys/new")
    page.get_by_role("textbox", name="Name").fill("Nightly import")
    page.get_by_role("button", name="Make key").dblclick()
    page.get_by_text("It is shown only now").wait_for()
    assert page.locator("#secret").inner_text().startswith("ak_live_")


def test_an_address_that_is_taken_is_told_at_its_field(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 409")
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/staff/new")
    page.get_by_label("Name").fill("Again")
    page.get_by_label("Email address").fill(owner.email)
    page.get_by_role("button", name="Add").click()
    assert "already signs in" in page.locator("#email-said").inner_text()
    assert page.get_by_label("Name").input_value() == "Again"


def test_a_member_is_disabled_and_can_no_longer_sign_in(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/staff/new")
    email = owner.email.replace("owner", "vera")
    page.get_by_label("Name").fill("Vera")
    page.get_by_label("Email address").fill(email)
    page.get_by_role("button", name="Add").click()
    password = page.locator("#secret").inner_text()
    page.get_by_role("link", name="To the staff").click()
    page.get_by_role("link", name="Vera").click()
    page.get_by_label("Disabled").check()
    page.screenshot(path=pictures / "staff-edit.png", full_page=True)
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("row", name="Vera").get_by_text("Disabled").is_visible()
    assert not signs_in(site, email, password)


def test_a_key_is_made_works_and_is_revoked(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/api-keys")
    page.screenshot(path=pictures / "api-keys-empty.png")
    page.get_by_role("link", name="New key").click()
    page.get_by_label("Name", exact=True).fill("Nightly import")
    page.screenshot(path=pictures / "api-key-new.png", full_page=True)
    page.get_by_role("button", name="Make key").click()
    secret = page.locator("#secret").inner_text()
    assert re.fullmatch(r"ak_live_\S{30,}", secret)
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx2.get(f"{site.url}/v1/customers", headers=headers).status_code == 200
    page.reload()
    assert page.locator("#secret").count() == 0, "a secret is shown once"

    page.goto(f"{site.url}/console/settings/api-keys")
    page.screenshot(path=pictures / "api-keys.png")
    page.get_by_role("link", name="Revoke Nightly import").click()
    page.get_by_role("button", name="Revoke key").click()
    page.get_by_text("Revoked", exact=True).wait_for()
    assert httpx2.get(f"{site.url}/v1/customers", headers=headers).status_code == 401


def test_the_publishers_settings_are_kept_and_mistakes_told(site: Site, pages: Pages, pictures: Path) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 422")
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/publisher")
    page.get_by_label("Address of an offer").fill("https://example.com/offers")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_role("button", name="Save").click()
    assert "{offer_id}" in page.locator("#offer_url_template-said.error").inner_text()
    page.get_by_label("Address of an offer").fill("https://example.com/offers/{offer_id}")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.reload()
    assert page.get_by_label("Currency").input_value() == "EUR"
    page.screenshot(path=pictures / "publisher.png", full_page=True)


def test_what_is_typed_outlasts_the_session(site: Site, pages: Pages) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/staff/new")
    page.get_by_label("Name").fill("Typed before")
    page.get_by_label("Viewer", exact=False).first.check()
    page.context.clear_cookies(name="accounts_session")
    page.get_by_label("Email address").fill(owner.email.replace("owner", "late"))
    page.get_by_role("button", name="Add").click()
    sign_in(page, owner)
    page.wait_for_url("**/console/settings/staff/new")
    assert page.get_by_label("Name").input_value() == "Typed before"
    page.get_by_role("button", name="Add").click()
    page.locator("#secret").wait_for()
    page.goto(f"{site.url}/console/settings/staff/new")
    assert page.get_by_label("Name").input_value() == ""


def test_what_is_typed_outlasts_another_sign_in_in_another_tab(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 400")
    page = pages.signed_in(Staff.of_new_publisher(site.system), "/console/settings/staff/new")
    page.get_by_label("Name").fill("Typed before")
    page.context.clear_cookies(name="accounts_forms")
    page.get_by_label("Email address").fill("late@example.com")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("This page is out of date.").wait_for()
    page.get_by_role("link", name="Load the page again").click()
    page.wait_for_url("**/console/settings/staff/new")
    assert page.get_by_label("Name").input_value() == "Typed before"


def test_what_somebody_typed_is_not_shown_to_the_next_one(site: Site, pages: Pages) -> None:
    owner = Staff.of_new_publisher(site.system)
    admin = colleague(site, owner, "admin")
    page = pages.signed_in(owner, "/console/settings/staff/new")
    page.get_by_label("Name").fill("Typed by the owner")
    page.context.clear_cookies(name="accounts_session")
    page.reload()
    sign_in(page, admin)
    page.wait_for_url("**/console/settings/staff/new")
    assert page.get_by_label("Name").input_value() == ""
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_two_who_edit_the_publisher_at_once_overwrite_nothing(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 412")
    owner = Staff.of_new_publisher(site.system)
    first = pages.signed_in(owner, "/console/settings/publisher")
    second = pages.signed_in(owner, "/console/settings/publisher")
    first.get_by_label("Currency").fill("EUR")
    first.get_by_role("button", name="Save").click()
    first.get_by_text("Saved.").wait_for()
    second.get_by_label("Currency").fill("USD")
    second.get_by_role("button", name="Save").click()
    second.get_by_role("alert").wait_for()
    assert second.get_by_label("Currency").input_value() == "USD"
    first.reload()
    assert first.get_by_label("Currency").input_value() == "EUR"


def test_what_was_typed_before_somebody_else_was_faster_overwrites_nothing(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 412")
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/publisher")
    page.get_by_label("Website").fill("https://example.com/")
    faster = pages.signed_in(owner, "/console/settings/publisher")
    faster.get_by_label("Currency").fill("EUR")
    faster.get_by_role("button", name="Save").click()
    faster.get_by_text("Saved.").wait_for()
    page.reload()
    assert page.get_by_label("Website").input_value() == "https://example.com/"
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").wait_for()
    faster.reload()
    assert faster.get_by_label("Currency").input_value() == "EUR"


def test_the_ownership_is_passed_on(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    admin = colleague(site, owner, "admin")
    page = pages.signed_in(owner, "/console/settings/publisher")
    page.get_by_role("link", name="Pass on the ownership").click()
    page.get_by_label("New owner").select_option(f"Admin ({admin.email})")
    page.get_by_label("Your password").fill(owner.password)
    page.screenshot(path=pictures / "ownership.png")
    page.get_by_role("button", name="Pass on").click()
    assert page.get_by_role("row", name=admin.email).get_by_text("Owner", exact=True).is_visible()


def test_a_session_elsewhere_is_ended(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    elsewhere = pages.signed_in(owner, "/console/settings/sessions")
    page = pages.signed_in(owner, "/console/settings/sessions")
    page.screenshot(path=pictures / "sessions.png")
    page.get_by_role("button", name="End", exact=True).click()
    assert page.get_by_role("button", name="End", exact=True).count() == 0
    elsewhere.reload()
    assert elsewhere.get_by_role("heading", name="Sign in").is_visible()


def test_whoever_may_not_manage_sees_neither_pages_nor_links(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 403")
    agent = colleague(site, Staff.of_new_publisher(site.system), "agent")
    page = pages.signed_in(agent, "/console/settings/sessions")
    assert page.get_by_role("link", name="API keys").count() == 0
    assert page.get_by_role("link", name="Imports").count() == 0
    for path in ("settings/staff", "settings/staff/new", "settings/api-keys", "imports", "imports/new"):
        page.goto(f"{site.url}/console/{path}")
        assert page.get_by_role("heading", name="Not allowed").is_visible()

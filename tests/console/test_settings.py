"""Staff, API keys and preferences in the browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2

from tests.console.colleagues import colleague, signs_in
from tests.console.conftest import Site
from tests.console.pages import Pages, Staff

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


def test_preferences_are_kept_and_heeded(site: Site, pages: Pages, pictures: Path) -> None:
    owner = Staff.of_new_publisher(site.system)
    page = pages.signed_in(owner, "/console/settings/preferences")
    page.get_by_label("Appearance").select_option("Dark")
    page.get_by_label("Dates and numbers in").select_option("Deutsch")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.screenshot(path=pictures / "preferences-dark.png", full_page=True)
    elsewhere = pages.signed_in(owner, "/console/settings/preferences")
    assert elsewhere.get_by_label("Time zone").input_value() == "Asia/Tokyo"


def test_whoever_may_not_manage_sees_neither_pages_nor_links(site: Site, pages: Pages) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 403")
    agent = colleague(site, Staff.of_new_publisher(site.system), "agent")
    page = pages.signed_in(agent, "/console/settings/preferences")
    assert page.get_by_role("link", name="API keys").count() == 0
    assert page.get_by_role("link", name="Imports").count() == 0
    for path in ("settings/staff", "settings/staff/new", "settings/api-keys", "imports", "imports/new"):
        page.goto(f"{site.url}/console/{path}")
        assert page.get_by_role("heading", name="Not allowed").is_visible()

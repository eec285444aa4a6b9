"""Notes, flags and their dialogs in both themes: nothing that WCAG 2.2 AA forbids, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Site
from tests.console.editors import new_customer, second_editor
from tests.console.pages import Pages
from tests.console.test_looks import WIDTHS, assert_usable

if TYPE_CHECKING:
    from playwright.sync_api import Page


def panel(page: Page) -> None:
    page.locator("#panel-notes").scroll_into_view_if_needed()


def too_long(page: Page) -> None:
    page.get_by_label("New note").fill("a" * 2_501)
    page.get_by_role("button", name="Add note").click()
    page.get_by_text("Not added.").wait_for()


def edit(page: Page) -> None:
    page.get_by_role("button", name="Edit the note of").first.click()
    page.get_by_role("dialog").get_by_label("Note", exact=True).wait_for()


def delete(page: Page) -> None:
    page.get_by_role("button", name="Delete the note of").first.click()
    page.get_by_role("button", name="Delete note").wait_for()


def flags(page: Page) -> None:
    page.get_by_role("button", name="Change flags").click()
    page.get_by_role("dialog").get_by_label("VIP").wait_for()


def on_the_list(page: Page) -> None:
    page.goto(page.url.partition("/customers/")[0] + "/customers?q=flag:vip")
    page.locator(".row-flags").first.wait_for()


def settings(page: Page) -> None:
    page.goto(page.url.partition("/customers/")[0] + "/settings/flags")


def new_flag(page: Page) -> None:
    page.goto(page.url.partition("/customers/")[0] + "/settings/flags/new")


STATES: dict[str, Callable[[Page], None]] = {
    "notes": panel,
    "note-too-long": too_long,
    "note-edit": edit,
    "note-delete": delete,
    "flags": flags,
    "list-flags": on_the_list,
    "settings-flags": settings,
    "settings-flag-new": new_flag,
}


@pytest.fixture(scope="module")
def customer(embedded_site: Site) -> str:
    """One with notes and flags."""
    customer_id, api = new_customer(embedded_site), second_editor(embedded_site)
    embedded_site.system.drain()
    owner = embedded_site.system.staff(embedded_site.editor.publisher_id, "owner")
    for text, keys in (
        ("Third refund this year.\n\nAsk a colleague first: https://example.com/refunds", ["refund_pattern"]),
        ("\u202eturned\u202c " + "long " * 60 + "x" * 300, []),
    ):
        for who in (api, owner):
            body = {"customer_id": customer_id, "text": text, "flags": keys}
            assert who.send("POST", "/v1/notes", body).status_code == 201
    for key in ("vip", "at_risk"):
        assert api.send("PUT", f"/v1/notes/customers/{customer_id}/flags/{key}").status_code == 200
    embedded_site.system.drain()
    return customer_id


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_in_the_way_of_anybody(
    site: Site, pages: Pages, customer: str, pictures: Path, state: str, theme: str
) -> None:
    page = pages.signed_in(site.editor, f"/console/customers/{customer}", color_scheme=theme)
    page.locator(".note").first.wait_for()
    page.locator("#flag-strip .flag").first.wait_for()
    STATES[state](page)
    assert_usable(page)
    for name, (width, height) in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=pictures / f"{state}-{theme}-{name}.png", full_page=state in ("notes", "note-too-long"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width

"""Pages about mail in both themes: nothing that WCAG 2.2 AA forbids, nothing too wide, and pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Site
from tests.console.pages import Pages, Staff
from tests.console.test_looks import WIDTHS, assert_usable
from tests.console.test_mail_settings import GIF, MAIL, welcomed

if TYPE_CHECKING:
    from playwright.sync_api import Page

RECEIPT = f"{MAIL}/templates/receipt/de"


def at(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(page.url.partition("/console")[0] + path)

    return go


def template(page: Page) -> None:
    at(RECEIPT)(page)
    page.frame_locator(".mail-frame").get_by_role("heading").wait_for()


def names(page: Page) -> None:
    template(page)
    page.get_by_text("What a template can say").click()


def of_a_customer(page: Page) -> None:
    template(page)
    page.get_by_label("or of a customer").fill("Annabel")
    page.get_by_role("radio", name="Annabel").first.check()
    page.get_by_text("never sent such a mail").wait_for()
    page.get_by_text("As plain text").click()


def wrong(page: Page) -> None:
    template(page)
    page.get_by_label("HTML").fill("<p>Fine</p>\n<p>{{ nothing }}</p>\n<script>x</script>")
    page.get_by_role("button", name="Show as typed").click()
    page.get_by_text("It can't be shown.").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#html-said.error").wait_for()


def version(page: Page) -> None:
    at(f"{RECEIPT}/versions/2")(page)
    page.frame_locator(".mail-frame").get_by_text("Früher").wait_for()


def sender_wrong(page: Page) -> None:
    at(f"{MAIL}/sender")(page)
    page.get_by_label("Website").fill("nowhere")
    page.get_by_role("button", name="Save").click()
    page.locator("#website_url-said.error").wait_for()


def conflict(page: Page) -> None:
    at(RECEIPT)(page)
    page.get_by_label("Subject").fill("Meins")
    page.locator("input[name=version]").first.evaluate("input => { input.value = '\"2\"' }")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="Changed by somebody else").wait_for()
    page.get_by_role("radio", name="Theirs").first.check()


STATES: dict[str, Callable[[Page], None]] = {
    "mail-kinds": at(MAIL),
    "mail-sender": at(f"{MAIL}/sender"),
    "mail-sender-wrong": sender_wrong,
    "mail-template": template,
    "mail-names": names,
    "mail-of-a-customer": of_a_customer,
    "mail-wrong": wrong,
    "mail-reset": at(f"{RECEIPT}/reset"),
    "mail-versions": at(f"{RECEIPT}/versions"),
    "mail-version": version,
    "mail-conflict": conflict,
}


@pytest.fixture(scope="module")
def owner(embedded_site: Site) -> Staff:
    """The owner of a publisher with a logo, a template edited twice, and a customer."""
    made = Staff.of_new_publisher(embedded_site.system)
    staff = embedded_site.system.staff(made.publisher_id, "admin")
    place = "/v1/notifications/templates/receipt/de"
    for subject, html in (
        ("Früher", "<p>Früher: {{ amount }}</p>"),
        ("Quittung {{ order_number }}", "<h1>Danke!</h1>"),
    ):
        body = {"subject": subject, "html": html, "text": "{{ greeting }}\n\n" + html}
        assert staff.send("PUT", place, body, headers={"If-Match": "*"}).status_code == 200
    logo = f"data:image/gif;base64,{base64.b64encode(GIF).decode()}"
    settings = {"logo": logo, "kinds": {"card_expiring": False}, "postal_address": "Example Street 1\nLondon"}
    answer = staff.send("PATCH", "/v1/notifications/settings", settings, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    welcomed(embedded_site, made)
    return made


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_in_the_way_of_anybody(
    site: Site, pages: Pages, owner: Staff, pictures: Path, state: str, theme: str
) -> None:
    pages.expected += [
        f"Failed to load resource: the server responded with a status of {status}" for status in (412, 422)
    ]
    page = pages.signed_in(owner, "/console/settings/sessions", color_scheme=theme, reduced_motion="reduce")
    STATES[state](page)
    assert_usable(page)
    for width, size in WIDTHS.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.screenshot(path=pictures / f"{state}-{theme}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        if width == "narrow":
            assert_usable(page)

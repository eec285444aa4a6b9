"""The emails panel on the running product: the log, a mail in its sandboxed frame, sending it again."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import Site
from tests.console.pages import Pages
from tests.console.test_looks import WIDTHS, assert_usable
from tests.e2e.system import Api

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _customer(site: Site) -> str:
    """A customer of the editor's publisher whose welcome was sent."""
    api = Api(site.system.client, site.editor.api_key, site.editor.publisher_id)
    email = f"anna-{secrets.token_hex(4)}@example.com"
    made = api.create(email=email, first_name="Anna", last_name="<script>alert(1)</script>", language="de")
    site.system.drain()
    return str(made["id"])


def _opened(site: Site, pages: Pages, **options: str) -> Page:
    page = pages.signed_in(site.editor, **options)
    page.goto(f"{site.url}/console/customers/{_customer(site)}")
    page.locator("#panel-emails .row-link").click()
    page.locator(".email-preview").first.wait_for()
    return page


def test_a_mail_is_shown_as_it_was_sent_and_sent_again(site: Site, pages: Pages) -> None:
    page = _opened(site, pages)
    inside = page.frame_locator(".email-preview").first
    inside.get_by_text("Willkommen!").wait_for()
    inside.get_by_text("<script>alert(1)</script>").wait_for()
    assert page.locator(".email-preview").first.get_attribute("sandbox") == ""
    page.get_by_role("button", name="Send again").click()
    page.get_by_text("It is being sent again.").wait_for()
    page.get_by_text("(sent again)").wait_for()
    site.system.drain()
    page.locator("#emails-kind").select_option("receipt")
    page.get_by_text("No email is like that.").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_used_by_all_and_is_pictured(site: Site, pages: Pages, pictures: Path, theme: str) -> None:
    page = _opened(site, pages, color_scheme=theme, reduced_motion="reduce")
    page.frame_locator(".email-preview").first.get_by_text("Willkommen!").wait_for()
    assert_usable(page)
    for width, size in WIDTHS.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.screenshot(path=pictures / f"email-{theme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.locator("[data-leaves]").last.click()
    assert_usable(page)
    page.locator("#panel-emails").screenshot(path=pictures / f"emails-{theme}.png")


def _with_every_status(site: Site) -> tuple[str, str]:
    """A customer with a mail that came back, one that was sent and one that is to be sent; the first one's ID."""
    customer = _customer(site)
    api = Api(site.system.client, site.editor.api_key, site.editor.publisher_id)
    (mail,) = api.get("/v1/notifications/emails", customer_id=customer)["items"]
    resend = f"/v1/notifications/emails/{mail['id']}/resend"
    assert api.send("POST", resend).status_code == 201
    site.system.drain()
    report = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Original-Envelope-Id: {mail['id']}\r\n\r\nFinal-Recipient: rfc822; {mail['to']}\r\n"
        "Action: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 mailbox full\r\n\r\n--b--\r\n"
    )
    answer = api.send_file("/v1/notifications/bounces", report, media_type="message/rfc822")
    assert (answer.json or {})["email_status"] == "bounced", answer.text
    assert api.send("POST", resend).status_code == 201
    return customer, str(mail["id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_status_can_be_read_by_all(site: Site, pages: Pages, pictures: Path, theme: str) -> None:
    customer, came_back = _with_every_status(site)
    page = pages.signed_in(site.editor, color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{site.url}/console/customers/{customer}")
    panel = page.locator("#panel-emails")
    for status in ("Bounced", "Sent", "Queued"):
        panel.locator(".badge", has_text=status).wait_for()
    assert_usable(page)
    panel.screenshot(path=pictures / f"emails-statuses-{theme}.png")
    page.locator(f"#open-{came_back}").click()
    page.get_by_role("dialog").get_by_text("552 mailbox full").wait_for()
    page.frame_locator(".email-preview").first.get_by_text("Willkommen!").wait_for()
    assert_usable(page)
    page.screenshot(path=pictures / f"email-bounced-{theme}.png")
    site.system.drain()

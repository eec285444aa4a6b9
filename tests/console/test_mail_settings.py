"""Mail settings and templates in the browser: edited, refused, previewed in a frame, old versions, conflicts."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.console.colleagues import colleague
from tests.console.conftest import Site
from tests.console.pages import Pages, Staff, sign_in
from tests.e2e.system import Api

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

MAIL = "/console/settings/mail"
WELCOME = f"{MAIL}/templates/welcome/en"
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@pytest.fixture
def owner(site: Site) -> Staff:
    """The owner of a publisher that has set nothing."""
    return Staff.of_new_publisher(site.system)


def shown_mail(page: Page) -> FrameLocator:
    return page.frame_locator(".mail-frame")


def saved(page: Page, name: str = "Save") -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_text("Saved.", exact=True).wait_for()


def welcomed(site: Site, owner: Staff) -> str:
    """The email address of a customer who was sent a welcome."""
    email = f"anna-{secrets.token_hex(4)}@example.com"
    Api(site.system.client, owner.api_key, owner.publisher_id).create(
        email=email, first_name="Annabel", last_name="<script>alert(1)</script>"
    )
    site.system.drain()
    return email


def test_a_kind_is_turned_off_and_shown_as_such(pages: Pages, owner: Staff) -> None:
    page = pages.signed_in(owner, MAIL)
    page.get_by_role("checkbox", name="Sent: Welcome").uncheck()
    saved(page, "Save what is sent")
    page.reload()
    assert not page.get_by_role("checkbox", name="Sent: Welcome").is_checked()
    assert page.get_by_role("checkbox", name="Sent: Receipt").is_checked()
    assert page.get_by_text("Last changed by Olivia Owner").is_visible()
    page.get_by_role("link", name="Welcome in English").click()
    assert page.locator(".page-head").get_by_text("Not sent").is_visible()


def test_a_template_is_edited_previewed_used_and_returned_to_the_default(
    site: Site, pages: Pages, owner: Staff
) -> None:
    page = pages.signed_in(owner, WELCOME)
    shown_mail(page).get_by_text("Welcome!").wait_for()
    page.get_by_label("Subject").fill("Ahoy {{ customer.first_name }}")
    page.get_by_label("HTML").fill("<p>Ahoy there, {{ customer.name }}</p>")
    page.get_by_role("button", name="Show as typed").click()
    shown_mail(page).get_by_text("Ahoy there, Anna").wait_for()
    assert page.locator(".mail-frame").get_attribute("sandbox") == ""
    saved(page)
    email = welcomed(site, owner)
    api = Api(site.system.client, owner.api_key, owner.publisher_id)
    assert [mail["subject"] for mail in api.get("/v1/notifications/emails")["items"]] == ["Ahoy Annabel"]

    page.get_by_label("or of a customer").fill(email)
    page.get_by_role("radio", name="Annabel").check()
    shown_mail(page).get_by_text("Ahoy there, Annabel <script>alert(1)</script>").wait_for()

    page.get_by_role("link", name="Return to the default").click()
    page.get_by_role("button", name="Return to the default").click()
    page.get_by_text("Saved.", exact=True).wait_for()
    shown_mail(page).get_by_text("Welcome!").wait_for()
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="Version 2").click()
    shown_mail(page).get_by_text("Ahoy there, Anna").wait_for()
    page.get_by_role("button", name="Use this one again").click()
    page.get_by_text("Saved.", exact=True).wait_for()
    assert page.get_by_label("HTML").input_value() == "<p>Ahoy there, {{ customer.name }}</p>"
    assert api.get("/v1/notifications/templates/welcome/en")["version"] == 4


def test_what_is_wrong_is_told_at_its_line_and_nothing_is_changed(site: Site, pages: Pages, owner: Staff) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 422")
    page = pages.signed_in(owner, WELCOME)
    page.get_by_label("HTML").fill("<p>Fine</p>\n<p>{{ nothing }}</p>\n")
    page.get_by_role("button", name="Show as typed").click()
    page.get_by_text("It can't be shown.").wait_for()
    assert page.locator("#preview").get_by_text("Line 2: There is no 'nothing'.").is_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#html-said", has_text="Line 2: There is no 'nothing'.").wait_for()
    area = page.get_by_label("HTML")
    assert area.input_value() == "<p>Fine</p>\n<p>{{ nothing }}</p>\n"
    assert area.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == "<p>{{ nothing }}</p>"
    api = Api(site.system.client, owner.api_key, owner.publisher_id)
    assert api.get("/v1/notifications/templates/welcome/en")["is_default"]


def test_nothing_in_a_preview_runs_or_loads(site: Site, pages: Pages, owner: Staff) -> None:
    page = pages.signed_in(owner, WELCOME)
    shown_mail(page).get_by_text("Welcome!").wait_for()
    answered: list[str] = []
    blocked: list[tuple[str, str | None]] = []
    page.on("response", lambda response: answered.append(response.url))
    page.on("requestfailed", lambda request: blocked.append((request.url, request.failure)))
    pages.expected += ["Loading the image 'https://example.com/", "Refused to load the image"]
    page.get_by_label("HTML").fill('<p>With a picture</p><img src="https://example.com/pixel.gif" alt="">')
    page.get_by_role("button", name="Show as typed").click()
    shown_mail(page).get_by_text("With a picture").wait_for()
    assert blocked == [("https://example.com/pixel.gif", "csp")]
    assert answered
    assert all(url.startswith(site.url) for url in answered)
    page.get_by_label("HTML").fill("<p>{{ customer.name }}</p>")
    page.get_by_label("or of a customer").fill(welcomed(site, owner))
    page.get_by_role("radio", name="Annabel").check()
    shown_mail(page).get_by_text("<script>alert(1)</script>").wait_for()


def test_a_name_is_put_where_one_was_typing(pages: Pages, owner: Staff) -> None:
    page = pages.signed_in(owner, WELCOME)
    page.get_by_label("Subject").fill("Hello ")
    page.get_by_text("What a template can say").click()
    page.get_by_role("button", name="customer.first_name").click()
    assert page.get_by_label("Subject").input_value() == "Hello {{ customer.first_name }}"
    page.get_by_label("Plain text", exact=True).fill("Hello: ")
    page.get_by_role("button", name="details", exact=True).click()
    assert page.get_by_label("Plain text", exact=True).input_value() == (
        "Hello: {% for one in details %}{{ one.label }} {{ one.value }}{% endfor %}"
    )
    saved(page)


def test_sender_and_look_are_kept_and_mistakes_told(pages: Pages, owner: Staff) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 422")
    page = pages.signed_in(owner, f"{MAIL}/sender")
    page.get_by_label("Name").fill("Nordlicht")
    page.get_by_label("Address").first.fill("nobody")
    page.get_by_label("Logo").set_input_files({"name": "logo.gif", "mimeType": "image/gif", "buffer": GIF})
    page.get_by_role("button", name="Save").click()
    page.locator("#sender_address-said.error").wait_for()
    assert page.get_by_alt_text("not saved yet").is_visible()
    page.get_by_label("Address").first.fill("")
    page.get_by_label("Color").fill("#7a1f5c")
    saved(page)
    page.reload()
    assert page.get_by_label("Name").input_value() == "Nordlicht"
    assert page.get_by_label("Color").input_value() == "#7a1f5c"
    assert page.get_by_alt_text("The logo now").is_visible()
    page.goto(page.url.partition("/console")[0] + WELCOME)
    picture = shown_mail(page).get_by_alt_text("Nordlicht")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") == 1
    page.goto(page.url.partition("/console")[0] + f"{MAIL}/sender")
    page.get_by_label("Without a logo").check()
    saved(page)
    assert page.get_by_alt_text("The logo now").count() == 0


def test_a_picture_that_is_too_large_is_told_before_it_is_sent(pages: Pages, owner: Staff) -> None:
    page = pages.signed_in(owner, f"{MAIL}/sender")
    page.get_by_label("Logo").set_input_files(
        {"name": "logo.gif", "mimeType": "image/gif", "buffer": GIF + b"x" * 60_000}
    )
    assert (
        page.get_by_label("Logo").evaluate("input => input.validationMessage") == "This picture is larger than 60 kB."
    )


def test_two_who_edit_a_template_at_once_overwrite_nothing(site: Site, pages: Pages, owner: Staff) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 412")
    first, second = pages.signed_in(owner, WELCOME), pages.signed_in(owner, WELCOME)
    first.get_by_label("Subject").fill("Theirs")
    first.get_by_label("Plain text", exact=True).fill("Their text")
    saved(first)
    second.get_by_label("Subject").fill("Mine")
    second.get_by_label("HTML").fill("<p>My HTML</p>")
    second.get_by_role("button", name="Save", exact=True).click()
    second.get_by_role("heading", name="Changed by somebody else").wait_for()
    second.get_by_role("radio", name="Yours").check()
    saved(second)
    api = Api(site.system.client, owner.api_key, owner.publisher_id)
    now = api.get("/v1/notifications/templates/welcome/en")
    assert (now["subject"], now["html"], now["text"]) == ("Mine", "<p>My HTML</p>", "Their text")


def test_two_who_edit_the_settings_at_once_overwrite_nothing(pages: Pages, owner: Staff) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 412")
    first, second = (pages.signed_in(owner, f"{MAIL}/sender") for _ in range(2))
    second.get_by_label("Website").fill("https://example.com/")
    first.get_by_label("A renewal is announced").fill("14")
    saved(first)
    second.get_by_role("button", name="Save").click()
    second.get_by_text("don't clash with theirs").wait_for()
    saved(second)
    assert second.get_by_label("Website").input_value() == "https://example.com/"
    assert second.get_by_label("A renewal is announced").input_value() == "14"


def test_what_is_typed_outlasts_the_session_and_somebody_elses_change(site: Site, pages: Pages, owner: Staff) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 412")
    page = pages.signed_in(owner, WELCOME)
    shown_mail(page).get_by_text("Welcome!").wait_for()
    page.get_by_label("HTML").fill("\n<p>Typed before</p>")
    page.context.clear_cookies(name="accounts_session")
    page.get_by_role("button", name="Save", exact=True).click()
    other = pages.signed_in(owner, WELCOME)
    other.get_by_label("HTML").fill("<p>Theirs</p>")
    saved(other)
    sign_in(page, owner)
    page.wait_for_url(f"**{WELCOME}")
    assert page.get_by_label("HTML").input_value() == "\n<p>Typed before</p>"
    shown_mail(page).get_by_text("Typed before").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("radio", name="Theirs").wait_for()
    page.get_by_role("radio", name="Yours").check()
    saved(page)
    assert page.get_by_label("HTML").input_value() == "\n<p>Typed before</p>"
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_who_may_not_manage_sees_neither_pages_nor_links(site: Site, pages: Pages, owner: Staff) -> None:
    pages.expected.append("Failed to load resource: the server responded with a status of 403")
    page = pages.signed_in(colleague(site, owner, "agent"), "/console/settings/sessions")
    assert page.get_by_role("link", name="Mail", exact=True).count() == 0
    for path in (MAIL, f"{MAIL}/sender", WELCOME, f"{WELCOME}/versions", f"{WELCOME}/versions/1", f"{WELCOME}/reset"):
        page.goto(site.url + path)
        assert page.get_by_role("heading", name="Not allowed").is_visible()


def test_an_admin_may(site: Site, pages: Pages, owner: Staff) -> None:
    page = pages.signed_in(colleague(site, owner, "admin"), "/console/settings/sessions")
    page.get_by_role("link", name="Mail", exact=True).click()
    page.get_by_role("link", name="Receipt in Polish").click()
    shown_mail(page).locator("body").wait_for()

"""A customer's page in the browser: editing, conflicts, history, anonymizing."""

from __future__ import annotations

import re

import pytest

from tests.console.conftest import IN_BOTH_MODES, Site
from tests.console.editors import drafts, focused, new_customer, open_edit, opened, second_editor
from tests.console.pages import Pages

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}${7*7}",
    "👩‍👩‍👧‍👦 Zoë",
    "عبد الله",
    "x" * 100,
]


@IN_BOTH_MODES
def test_what_is_edited_is_shown_at_once_and_found(site: Site, pages: Pages) -> None:
    customer = new_customer(site)
    page = opened(site, pages, customer)
    open_edit(page)
    assert focused(page) == "field-first_name"
    page.get_by_label("First name").fill("Annegret")
    page.locator(".more > summary").click()
    page.get_by_label("City").fill("Quedlinburg")
    page.get_by_label("Country", exact=True).select_option("AT")
    page.get_by_role("button", name="Save").dblclick()
    page.get_by_text("Saved.", exact=True).wait_for()
    assert page.locator("dialog[open]").count() == 0
    assert page.locator(".summary-name").inner_text() == "Annegret Müller"
    assert page.title() == "Annegret Müller · Customer Accounts"
    for shown in ("Quedlinburg", "Austria"):
        assert page.locator("#panel-summary").get_by_text(shown, exact=True).is_visible()
    assert focused(page).startswith("Edit")
    assert drafts(page) == []
    changes = second_editor(site).get(f"/v1/customers/{customer}/changes")["items"]
    assert [entry["action"] for entry in changes] == ["edited", "created"]
    site.system.drain()
    assert customer in second_editor(site).found("Annegret Quedlinburg")


def test_another_email_is_warned_of_and_one_that_is_taken_refused(site: Site, pages: Pages) -> None:
    taken = second_editor(site).get(f"/v1/customers/{new_customer(site)}")
    customer = new_customer(site)
    page = opened(site, pages, customer)
    open_edit(page)
    warning = page.get_by_text("This changes how the customer signs in.")
    assert not warning.is_visible()
    page.get_by_label("Email", exact=True).fill("nobody")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Not a valid email address.").is_visible()
    page.get_by_label("Email", exact=True).fill(taken["email"].upper())
    assert warning.is_visible()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Confirm that the customer is to sign in").is_visible()
    assert focused(page) == "email-confirmed"
    page.get_by_label("Yes, change the login ID").check()
    page.get_by_role("button", name="Save").click()
    page.locator("#field-email-error").get_by_text("Already another customer's.").wait_for()
    assert taken["id"] not in page.content()
    page.get_by_label("Email", exact=True).fill(f"new-{taken['email']}")
    assert not page.get_by_label("Yes, change the login ID").is_checked()
    page.get_by_label("Yes, change the login ID").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.", exact=True).wait_for()
    assert second_editor(site).get(f"/v1/customers/{customer}")["email"] == f"new-{taken['email']}"


@IN_BOTH_MODES
def test_two_editors_at_once_lose_nothing(site: Site, pages: Pages) -> None:
    customer, other = new_customer(site, company="First"), second_editor(site)
    page = opened(site, pages, customer)
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    page.get_by_label("First name").fill("Anne")
    other.edit(customer, company="Theirs", last_name="Schmidt")
    page.get_by_role("button", name="Save").click()
    conflict = page.locator(".conflict")
    conflict.wait_for()
    text = re.sub(r"\s+", " ", conflict.inner_text())
    assert text.startswith("Company When you opened it: First Yours Mine what you typed Theirs Theirs agent, ")
    assert other.get(f"/v1/customers/{customer}")["company"] == "Theirs"
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Choose one of the two.").is_visible()
    page.get_by_label("Yours").check()
    other.edit(customer, company="Theirs again")
    page.get_by_role("button", name="Save").click()
    conflict.get_by_text("Theirs again").wait_for()
    page.get_by_label("Yours").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.", exact=True).wait_for()
    now = other.get(f"/v1/customers/{customer}")
    assert (now["company"], now["first_name"], now["last_name"]) == ("Mine", "Anne", "Schmidt")


def test_going_back_from_a_conflict_keeps_what_was_typed(site: Site, pages: Pages) -> None:
    customer = new_customer(site, company="First")
    page = opened(site, pages, customer)
    open_edit(page)
    page.get_by_label("Company").fill("Mine")
    second_editor(site).edit(customer, company="Theirs", phone="+49 30 999999")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Back to the form").click()
    page.get_by_label("Company").wait_for()
    assert page.get_by_label("Company").input_value() == "Mine"
    assert page.get_by_label("Phone").input_value() == "+49 30 999999"


def test_the_history_tells_who_changed_what_and_goes_back(site: Site, pages: Pages) -> None:
    customer, other = new_customer(site), second_editor(site)
    for number in range(22):
        other.edit(customer, company=f"Company {number} " + "long" * 40)
    page = opened(site, pages, customer)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Change history").click()
    page.locator(".change").first.wait_for()
    first = page.locator(".change").first.inner_text()
    for shown in ("Edited", "agent", "Company 21", "Company 20"):
        assert shown in first
    assert page.locator(".change").count() == 20
    page.get_by_role("button", name="Show older changes").click()
    page.get_by_text("Created", exact=True).wait_for()
    assert page.locator(".change").count() == 23
    assert page.locator(".changes").evaluate("e => e.scrollWidth <= e.clientWidth")
    page.keyboard.press("Escape")
    assert focused(page) == "More actions"


@IN_BOTH_MODES
def test_anonymizing_needs_the_word_and_shows_how_far_it_is(site: Site, pages: Pages) -> None:
    customer = new_customer(site, last_name="Canary")
    page = opened(site, pages, customer)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Anonymize").click()
    page.get_by_label("Type anonymize to confirm").fill("yes")
    page.get_by_role("button", name="Anonymize for good").click()
    assert page.get_by_text("Type anonymize to go on.").is_visible()
    page.get_by_label("Type anonymize to confirm").fill("anonymize")
    page.get_by_role("button", name="Anonymize for good").click()
    page.get_by_text("In progress.").wait_for()
    site.system.drain()
    page.get_by_text("Completed: nothing personal is left.").wait_for()
    page.get_by_role("button", name="Close").last.click()
    page.locator(".summary .badge", has_text="Anonymized").wait_for()
    assert "Canary" not in page.content()
    assert page.title() == f"{customer} · Customer Accounts"
    assert page.locator(".summary-actions > .btn").count() == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_everywhere(site: Site, pages: Pages, name: str) -> None:
    customer = new_customer(
        site,
        first_name=name,
        last_name=name,
        company=name,
        address={"line1": name, "city": name},
        external_ids=[{"source": "publisher", "id": f"{name} {len(name)}"}],
        attributes={"note": name * 5},
    )
    second_editor(site).edit(customer, company=f"{name} 2")
    page = opened(site, pages, customer)
    assert page.locator(".summary-name").inner_text() == f"{name} {name}"
    assert page.title() == f"{name} {name} · Customer Accounts"
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Change history").click()
    page.locator(".change").first.wait_for()
    assert name in page.locator(".change").first.inner_text()
    page.keyboard.press("Escape")
    open_edit(page)
    assert page.get_by_label("First name").input_value() == name
    page.get_by_label("Company").fill(f"{name} 3")
    second_editor(site).edit(customer, company=f"{name} 4")
    page.get_by_role("button", name="Save").click()
    page.locator(".conflict").get_by_text(f"{name} 4").wait_for()
    assert page.locator("main img, dialog img").count() == 0


def test_everything_can_be_done_by_keyboard_alone(site: Site, pages: Pages) -> None:
    page = opened(site, pages, new_customer(site))
    page.locator(".summary-actions > .btn").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "More actions"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "Edit information"
    page.keyboard.press("Enter")
    page.get_by_label("First name").wait_for()
    assert focused(page) == "field-first_name"
    page.keyboard.press("Control+A")
    page.keyboard.type("Keyboard")
    page.keyboard.press("Enter")
    page.get_by_text("Saved.", exact=True).wait_for()
    assert page.locator(".summary-name").inner_text() == "Keyboard Müller"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".change").first.wait_for()
    page.keyboard.press("Escape")
    assert focused(page) == "More actions"


def test_an_id_is_copied(site: Site, pages: Pages) -> None:
    customer = new_customer(site)
    page = opened(site, pages, customer)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy customer ID").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == customer


def test_whoever_may_not_see_personal_data_sees_that_it_is_hidden(site: Site, pages: Pages) -> None:
    customer = new_customer(
        site, last_name="Canary", company="Canary", phone="+49 30 123456", address={"city": "Canary"}
    )
    second_editor(site).edit(customer, company="Canary 2")
    viewer = site.system.staff(site.editor.publisher_id, "viewer_no_pii")
    page = pages.open("/console/sign-in")
    page.context.add_cookies(
        [{"name": "accounts_session", "value": viewer.credential, "domain": "127.0.0.1", "path": "/console"}]
    )
    page.goto(f"{site.url}/console/customers/{customer}")
    page.get_by_text("Personal data hidden").wait_for()
    assert page.title() == f"{customer} · Customer Accounts"
    assert page.locator(".summary-actions > .btn").count() == 0
    page.get_by_role("button", name="More actions").click()
    assert page.get_by_role("button", name="Anonymize").count() == 0
    page.get_by_role("button", name="Change history").click()
    page.locator(".change").first.wait_for()
    assert page.locator(".change").first.get_by_text("Hidden").count() == 2
    assert "Canary" not in page.content()
    assert "123456" not in page.content()

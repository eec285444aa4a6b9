"""Notes and flags in the browser: written, counted, edited, deleted, shown as text; by those who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.console.colleagues import colleague
from tests.console.conftest import IN_BOTH_MODES, Site
from tests.console.editors import new_customer, opened, second_editor
from tests.console.pages import Pages, Staff
from tests.e2e.system import Api

if TYPE_CHECKING:
    from playwright.sync_api import Page

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}}\n"
    "\u202egnihtyreve snrut siht\u2066\n"
    "see https://example.com/a?b=<c>&d=(e), or javascript:alert(1)"
)


def known_customer(site: Site) -> str:
    """A customer whom notes has heard of."""
    customer_id = new_customer(site)
    site.system.drain()
    return customer_id


def add(page: Page, text: str) -> None:
    page.get_by_label("New note").fill(text)
    page.get_by_role("button", name="Add note").click()
    page.get_by_text("Note added.").wait_for()


def notes_of(site: Site, customer_id: str) -> list[dict[str, Any]]:
    return list(second_editor(site).get("/v1/notes", customer_id=customer_id)["items"])


@IN_BOTH_MODES
def test_a_note_is_written_edited_and_deleted(site: Site, pages: Pages) -> None:
    customer_id = known_customer(site)
    page = opened(site, pages, customer_id)
    panel = page.locator("#panel-notes")
    panel.get_by_text("Nobody has written a note yet.").wait_for()

    page.get_by_label("New note").fill("Prefers the phone.\nNot before ten.")
    panel.get_by_label("VIP").check()
    page.get_by_role("button", name="Add note").dblclick()

    note = panel.locator(".note")
    expect(note).to_have_count(1)
    expect(note.locator(".note-text")).to_have_text("Prefers the phone.\nNot before ten.", use_inner_text=True)
    expect(note.locator(".note-head strong")).to_have_text("Olivia Owner")
    expect(page.locator("#flag-strip .flag")).to_have_text("VIP")
    expect(page.get_by_label("New note")).to_have_value("")

    page.get_by_role("button", name="Edit the note of Olivia Owner").click()
    page.get_by_role("dialog").get_by_label("Note", exact=True).fill("Prefers letters.")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Note saved.").wait_for()
    expect(panel.locator(".note-text")).to_have_text("Prefers letters.")
    expect(panel.locator(".note-head")).to_contain_text("edited")

    page.get_by_role("button", name="Delete the note of Olivia Owner").click()
    page.get_by_role("dialog").get_by_text("Prefers letters.").wait_for()
    page.get_by_role("button", name="Delete note").click()
    page.get_by_text("Note deleted.").wait_for()
    expect(panel.locator(".note")).to_have_count(0)
    assert notes_of(site, customer_id) == []


def test_the_counter_counts_as_the_api_does(site: Site, pages: Pages) -> None:
    customer_id = known_customer(site)
    page = opened(site, pages, customer_id)
    box, left = page.get_by_label("New note"), page.locator("#note-new-left")
    expect(left).to_contain_text("Up to 2,500 characters")
    for typed, told in (
        ("a" * 12, "2,488 characters left"),
        (FAMILY, "2,493 characters left"),
        ("e\u0301\r\n" + "b", "2,497 characters left"),
        ("a" * 2_499, "1 character left"),
        ("\U0001f600" * 2_500, "0 characters left"),
        ("a" * 2_501, "1 character too many"),
    ):
        box.fill(typed)
        expect(left).to_have_text(told)

    page.get_by_role("button", name="Add note").click()

    page.get_by_text("2,501 characters; 2,500 are the most that a note can have.").wait_for()
    expect(page.get_by_label("New note")).to_have_value("a" * 2_501)
    assert notes_of(site, customer_id) == []
    page.get_by_label("New note").fill("\U0001f600" * 2_500)
    page.get_by_role("button", name="Add note").click()
    page.get_by_text("Note added.").wait_for()
    assert [len(note["text"]) for note in notes_of(site, customer_id)] == [2_500]


def test_what_a_note_says_is_text_and_only_addresses_are_links(site: Site, pages: Pages) -> None:
    customer_id = known_customer(site)
    page = opened(site, pages, customer_id)
    add(page, HOSTILE)

    text = page.locator(".note-text")
    assert text.text_content() == HOSTILE
    assert text.locator("script, img").count() == 0
    links = text.locator("a")
    assert links.evaluate_all("all => all.map(link => link.getAttribute('href'))") == ["https://example.com/a?b="]
    assert links.first.get_attribute("rel") == "noopener noreferrer nofollow ugc"
    head = page.locator(".note-head strong")
    assert head.evaluate("element => getComputedStyle(element).direction") == "ltr"
    box, author = text.bounding_box(), head.bounding_box()
    assert box is not None
    assert author is not None
    assert author["y"] + author["height"] <= box["y"] + 1, "the name stays above what turns"


@pytest.mark.parametrize(("role", "writes"), [("admin", True), ("viewer", False)])
def test_only_what_one_may_do_is_offered(site: Site, pages: Pages, role: str, writes: bool) -> None:
    owner, customer_id = _with_a_note(site, "By a program.")
    page = pages.signed_in(colleague(site, owner, role), f"/console/customers/{customer_id}")
    page.get_by_text("By a program.").wait_for()
    page.locator("#flag-strip .flag").wait_for()
    assert page.get_by_role("button", name="Edit the note").count() == 0
    assert page.get_by_role("button", name="Delete the note").count() == 0
    assert (page.get_by_label("New note").count() == 1) is writes
    assert (page.locator(".flag-button").count() == 1) is writes
    if writes:
        add(page, "My own.")
        expect(page.locator(".note").first.get_by_role("button")).to_have_count(2)
        expect(page.locator(".note").last.get_by_role("button")).to_have_count(0)


def test_texts_are_hidden_from_those_who_see_no_personal_data(site: Site, pages: Pages) -> None:
    owner, customer_id = _with_a_note(site, "Canary says")
    page = pages.signed_in(colleague(site, owner, "viewer_no_pii"), f"/console/customers/{customer_id}")
    page.locator("#panel-notes .hidden-value").wait_for()
    assert "Canary" not in page.content()
    expect(page.locator("#flag-strip .flag")).to_have_text("VIP")


def test_of_two_editors_the_second_sees_what_the_first_wrote(site: Site, pages: Pages) -> None:
    customer_id = known_customer(site)
    page = opened(site, pages, customer_id)
    add(page, "First")
    (note,) = notes_of(site, customer_id)
    page.get_by_role("button", name="Edit the note of Olivia Owner").click()
    page.get_by_role("dialog").get_by_label("Note", exact=True).fill("Mine")
    owner = _owners_api(site)
    changed = owner.send("PATCH", f"/v1/notes/{note['id']}", {"text": "Theirs"}, headers={"If-Match": "*"})
    assert changed.status_code == 200

    page.get_by_role("button", name="Save").click()

    page.get_by_text("somebody else edited this note meanwhile").wait_for()
    expect(page.locator(".note-quoted")).to_have_text("Theirs")
    assert [each["text"] for each in notes_of(site, customer_id)] == ["Theirs"]
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Note saved.").wait_for()
    assert [each["text"] for each in notes_of(site, customer_id)] == ["Mine"]


@IN_BOTH_MODES
def test_customers_are_flagged_found_and_marked_on_the_list(site: Site, pages: Pages) -> None:
    customer_id = known_customer(site)
    page = opened(site, pages, customer_id)
    page.get_by_role("button", name="Flag", exact=True).click()
    page.get_by_role("dialog").get_by_label("At risk").check()
    page.get_by_role("dialog").get_by_label("VIP").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Flags saved.").wait_for()
    expect(page.locator("#flag-strip .flag")).to_have_text(["VIP", "At risk"])
    page.get_by_role("button", name="Change flags").click()
    page.get_by_role("dialog").get_by_label("VIP").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flag-strip .flag")).to_have_text(["At risk"])

    site.system.drain()
    page.goto(f"{site.url}/console/customers?q=flag:at_risk+{customer_id}")

    expect(page.locator(".row-flags .flag")).to_have_text(["At risk"])


def test_older_notes_come_on_request(site: Site, pages: Pages) -> None:
    customer_id, api = known_customer(site), second_editor(site)
    for number in range(23):
        assert api.send("POST", "/v1/notes", {"customer_id": customer_id, "text": f"Note {number}"}).status_code == 201
    page = opened(site, pages, customer_id)
    expect(page.locator(".note")).to_have_count(20)
    page.get_by_role("button", name="Show older notes").click()
    expect(page.locator(".note")).to_have_count(23)
    expect(page.locator(".note-text").last).to_have_text("Note 0")


def test_a_note_that_could_not_be_sent_is_still_there(site: Site, pages: Pages) -> None:
    customer_id = known_customer(site)
    page = opened(site, pages, customer_id)
    page.get_by_label("New note").fill("Half a thought")
    page.reload()
    expect(page.get_by_label("New note")).to_have_value("Half a thought")


def test_flags_are_made_renamed_and_retired(site: Site, pages: Pages) -> None:
    page = pages.signed_in(site.editor, "/console/settings/flags")
    page.get_by_role("link", name="New flag").click()
    page.get_by_label("Name").fill("Press contact")
    page.get_by_label("Color").select_option("pink")
    page.get_by_role("button", name="Make flag").click()
    row = page.get_by_role("row").filter(has_text="flag:press_contact")
    expect(row.locator(".flag")).to_have_text("Press contact")
    row.get_by_role("link", name="Change").click()
    page.get_by_label("Name").fill("Journalist")
    page.get_by_label("Retired").check()
    page.get_by_role("button", name="Save").click()
    expect(row.locator(".flag")).to_have_text("Journalist")
    expect(row).to_contain_text("Retired")
    row.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Delete flag").click()
    expect(page.get_by_role("row").filter(has_text="press_contact")).to_have_count(0)


def _owners_api(site: Site) -> Api:
    return site.system.staff(site.editor.publisher_id, "owner")


def _with_a_note(site: Site, text: str) -> tuple[Staff, str]:
    """The owner of a new publisher, and a customer with a note that a program wrote."""
    owner = Staff.of_new_publisher(site.system)
    api = Api(site.system.client, owner.api_key, owner.publisher_id)
    customer_id = str(api.create(email="anna@example.com")["id"])
    site.system.drain()
    written = api.send("POST", "/v1/notes", {"customer_id": customer_id, "text": text, "flags": ["vip"]})
    assert written.status_code == 201, written.text
    return owner, customer_id

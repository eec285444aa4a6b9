"""A customer's billing in the browser: cancelling and undoing, refunding, extending, deleting payment details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.console.buyers import Buyer, money, shown
from tests.console.conftest import Site
from tests.console.editors import drafts, failing, focused
from tests.console.pages import Pages, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def dialog(page: Page) -> Locator:
    return page.locator("#customer-dialog")


def open_transaction(page: Page, action: str = "") -> None:
    page.locator("#panel-transactions .row-link").first.click()
    page.locator(".transaction-amount").wait_for()
    if action:
        dialog(page).get_by_role("button", name=action).click()
        page.locator(".billing-form").wait_for()


def told(page: Page, text: str) -> None:
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator(".notice", has_text=text).last.wait_for()


def test_a_subscription_is_cancelled_at_its_periods_end_and_that_is_undone(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    tile = page.locator(".tile")
    expect(tile).to_contain_text("€11.77 / month")
    page.get_by_role("button", name="Cancel Premium, monthly").click()
    expect(dialog(page).get_by_label("When the period ends")).to_be_checked()
    assert dialog(page).locator(".consequences li:visible").count() >= 2
    dialog(page).get_by_role("button", name="Cancel subscription").dblclick()
    told(page, "Canceled")
    tile.get_by_text("Access until").wait_for()
    assert [each["status"] for each in buyer.of("subscriptions")] == ["cancelled"]
    expect(page.locator("#facts-billing + dl")).to_contain_text("Canceled")
    tile.get_by_role("button", name="Undo cancellation").click()
    dialog(page).get_by_role("button", name="Undo cancellation").click()
    told(page, "goes on")
    tile.get_by_role("button", name="Cancel Premium, monthly").wait_for()
    assert [each["status"] for each in buyer.of("subscriptions")] == ["active"]


def test_a_subscription_is_ended_at_once_with_its_money_back(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    page.get_by_role("button", name="Cancel Premium, monthly").click()
    refund = dialog(page).get_by_role("group", name="Refund")
    expect(refund).not_to_be_visible()
    dialog(page).get_by_label("At once").check()
    refund.get_by_label("All of the last payment").check()
    expect(dialog(page).locator(".consequences li:visible", has_text="€11.77 is given back")).to_be_visible()
    dialog(page).get_by_role("button", name="Cancel subscription").click()
    told(page, "€11.77 refunded.")
    page.get_by_text("Nothing can be used now.").wait_for()
    expect(page.locator("#panel-transactions tbody")).to_contain_text("Refunded")
    assert buyer.of("transactions")[0]["status"] == "refunded"


def test_a_part_is_refunded_and_what_is_wrong_with_it_said_first(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    open_transaction(page, "Refund")
    dialog(page).get_by_label("A part").check()
    dialog(page).get_by_role("button", name="Refund", exact=True).click()
    assert focused(page) == "field-amount", "an amount is missing"
    dialog(page).get_by_label("Amount in EUR").fill("11.78")
    dialog(page).get_by_role("button", name="Refund", exact=True).click()
    expect(dialog(page).locator(".field-error:visible")).to_have_text(["Choose one of the two."] * 2)
    dialog(page).get_by_role("radio", name="Keeps access").check()
    dialog(page).get_by_role("radio", name="Go on").check()
    dialog(page).get_by_role("button", name="Refund", exact=True).click()
    dialog(page).get_by_text("More than 11.77 EUR").first.wait_for()
    dialog(page).get_by_label("Amount in EUR").fill("5")
    dialog(page).get_by_label("Comment").fill("Late again")
    dialog(page).get_by_role("button", name="Refund", exact=True).dblclick()
    told(page, "€5.00 refunded.")
    expect(page.locator("#panel-transactions tbody")).to_contain_text("€5.00 refunded")
    (transaction,) = buyer.of("transactions")
    assert (transaction["status"], len(transaction["refunds"])) == ("partially_refunded", 1)
    assert [each["status"] for each in buyer.of("subscriptions")] == ["active"]
    assert drafts(page) == []
    open_transaction(page)
    for each in ("Late again", "€6.77", "Refund asked for"):
        expect(dialog(page)).to_contain_text(each)


def test_all_of_it_is_refunded_and_access_ends(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    open_transaction(page, "Refund")
    expect(dialog(page).get_by_label("All of it")).to_be_checked()
    expect(dialog(page).get_by_role("radio", name="Access ends")).to_be_checked()
    expect(dialog(page).locator(".consequences li:visible", has_text="Access to Premium, monthly ends")).to_be_visible()
    dialog(page).get_by_role("button", name="Refund", exact=True).click()
    told(page, "€11.77 refunded.")
    page.get_by_text("Nothing can be used now.").wait_for()
    page.get_by_text("No subscription runs").wait_for()
    assert focused(page) != ""
    assert [each["kind"] for each in buyer.of("invoices")] == ["credit_note", "invoice"]
    page.locator("#panel-invoices").get_by_text("Credit note").wait_for()


def test_payment_details_are_deleted_after_what_relies_on_them_is_shown(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    page.get_by_role("button", name="Delete Visa ending in 4242").click()
    expect(dialog(page).locator(".consequences")).to_contain_text("Premium, monthly")
    expect(dialog(page).locator(".consequences")).to_contain_text("€11.77")
    dialog(page).get_by_role("button", name="Keep them").click()
    assert focused(page).startswith("delete-pm_")
    page.get_by_role("button", name="Delete Visa ending in 4242").click()
    dialog(page).get_by_role("button", name="Delete payment details").dblclick()
    told(page, "Payment details deleted.")
    page.get_by_text("None on file.").wait_for()
    assert buyer.of("payment_methods") == []


def test_access_is_extended_by_a_time_and_until_a_day(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.method()
    buyer.buys(buyer.offer(name="Weekend", kind="pass", period={"unit": "day", "count": 2}))
    before = buyer.of("access")[0]["ends_at"]
    page = buyer.opened(pages)
    open_transaction(page, "Extend access")
    dialog(page).get_by_label("Number").fill("2")
    dialog(page).get_by_label("Unit").select_option("week")
    dialog(page).get_by_role("button", name="Extend access", exact=True).click()
    assert focused(page) == "field-reason", "a reason is missing"
    dialog(page).get_by_label("Reason").fill("Outage")
    dialog(page).get_by_role("button", name="Extend access", exact=True).click()
    told(page, "Access extended.")
    after = buyer.of("access")[0]["ends_at"]
    assert after > before
    open_transaction(page, "Extend access")
    dialog(page).get_by_label("Until a day").check()
    dialog(page).get_by_label("Last day").fill("2030-06-30")
    dialog(page).get_by_label("Reason").fill("Goodwill")
    dialog(page).get_by_role("button", name="Extend access", exact=True).click()
    told(page, "Access extended.")
    assert buyer.of("access")[0]["ends_at"].startswith("2030-06-30T22:00:00"), "the day's end in Berlin"


def test_a_subscription_is_switched_with_the_period_and_that_is_undone(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    yearly = buyer.offer(name="Premium, yearly", price=money("99.00"), period={"unit": "year", "count": 1})
    page = buyer.opened(pages)
    page.get_by_role("button", name="Switch", exact=True).click()
    dialog(page).get_by_label("New offer").select_option(yearly)
    expect(dialog(page).locator(".consequences")).to_contain_text("€99.00")
    dialog(page).get_by_role("button", name="Switch", exact=True).click()
    told(page, "Will switch with the period.")
    page.locator(".tile", has_text="Premium, yearly").get_by_role("button", name="Undo switch").click()
    dialog(page).get_by_role("button", name="Keep the present offer").click()
    told(page, "taken back")
    page.get_by_role("button", name="Switch", exact=True).click()
    dialog(page).get_by_label("New offer").select_option(yearly)
    dialog(page).get_by_label("Now", exact=False).last.check()
    dialog(page).get_by_role("button", name="Switch", exact=True).click()
    told(page, "Switched.")
    expect(page.locator(".tile")).to_contain_text("€99.00 / year")


def test_what_is_pending_is_shown_until_it_is_settled(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes("tok_refund_down_once")
    page = buyer.opened(pages)
    open_transaction(page, "Refund")
    dialog(page).get_by_role("button", name="Refund", exact=True).click()
    told(page, "under way")
    page.locator("#panel-transactions").get_by_text("Refund pending").wait_for()
    site.system.drain()


def test_what_is_typed_outlives_the_session(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    open_transaction(page, "Refund")
    dialog(page).get_by_label("Comment").fill("Half typed")
    page.context.clear_cookies(name="accounts_session")
    dialog(page).get_by_role("button", name="Refund", exact=True).click()
    page.wait_for_url("**/console/sign-in?next=*")
    sign_in(page, site.editor)
    shown(page)
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(dialog(page).get_by_label("Comment")).to_have_value("Half typed")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard", exact=True).click()
    assert drafts(page) == []
    assert not page.get_by_text("What you typed is still here.").first.is_visible()


def test_billing_down_is_told_in_its_panels_and_comes_back(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    page = buyer.opened(pages)
    with failing(site, "billing"):
        page.reload()
        for name in ("payments", "transactions", "invoices"):
            page.locator(f"#panel-{name} .failure").wait_for()
        assert page.locator(".summary-name").is_visible()
    page.locator("#panel-payments").get_by_role("button", name="Try again").click()
    page.locator(".tile").wait_for()
    page.locator(".billing-figures").get_by_role("button", name="Try again").click()
    page.locator("#facts-billing").wait_for()


def test_transactions_are_filtered_sorted_and_turned(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.method()
    single = buyer.offer(name="Single", kind="single", period=None)
    for number in range(23):
        order = {"channel": "google", "external_order_id": f"GPA.{buyer.id}.{number}"}
        buyer.buys(single, **order, amount=money(f"{number + 1}.00"))
    page = buyer.opened(pages)
    rows = page.locator("#panel-transactions tbody tr")
    expect(rows).to_have_count(20)
    page.locator("#sort-amount").click()
    expect(rows.first).to_contain_text("€23.00")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Amount")
    page.locator("#sort-amount").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Amount")
    expect(rows.first).to_contain_text("€1.00")
    assert focused(page) == "sort-amount"
    page.get_by_role("button", name="Next").click()
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Previous").click()
    expect(rows).to_have_count(20)
    page.get_by_label("Channel").select_option("web")
    page.get_by_text("No transaction is like that.").wait_for()
    page.get_by_role("button", name="Show all").click()
    expect(rows).to_have_count(20)
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_label("To", exact=True).fill("2020-01-31")
    page.get_by_text("No transaction is like that.").wait_for()


def test_who_sees_no_personal_data_sees_money_without_it(site: Site, pages: Pages) -> None:
    buyer = Buyer.new(site)
    buyer.subscribes()
    viewer = site.system.staff(site.editor.publisher_id, "viewer_no_pii")
    page = pages.open("/console/sign-in")
    page.context.add_cookies(
        [{"name": "accounts_session", "value": viewer.credential, "domain": "127.0.0.1", "path": "/console"}]
    )
    page.goto(f"{site.url}/console/customers/{buyer.id}")
    shown(page)
    assert "4242" not in page.content()
    expect(page.locator(".tile")).to_contain_text("€11.77")
    for name in ("Cancel Premium, monthly", "Switch", "Undo cancellation"):
        assert page.get_by_role("button", name=name).count() == 0
    assert page.locator("[id^=delete-]").count() == 0
    open_transaction(page)
    for name in ("Refund", "Cancel transaction", "Extend access"):
        assert dialog(page).get_by_role("button", name=name).count() == 0
    assert "4242" not in page.content()

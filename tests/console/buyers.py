"""Customers who have bought something, for tests of the console's billing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.console.conftest import Site
from tests.console.editors import new_customer
from tests.console.pages import Pages
from tests.e2e.system import Api

if TYPE_CHECKING:
    from playwright.sync_api import Page

MONTHLY: dict[str, Any] = {
    "name": "Premium, monthly",
    "kind": "subscription",
    "price": {"amount": "11.77", "currency": "EUR"},
    "tax_percent": "19",
    "period": {"unit": "month", "count": 1},
}


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    """An amount in major units."""
    return {"amount": amount, "currency": currency}


@dataclass
class Buyer:
    """A customer of the editor's publisher, and what billing knows of them."""

    site: Site
    id: str
    admin: Api
    offers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, site: Site, **fields: Any) -> Buyer:
        """Somebody who has bought nothing yet, but whom billing knows."""
        customer = new_customer(site, **fields)
        site.system.drain()
        return cls(site, customer, site.system.staff(site.editor.publisher_id, "admin"))

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """A request to billing that has to work; its JSON."""
        answer = self.admin.send(method, f"/v1/billing/{path}", body)
        assert answer.status_code < 300, answer.text
        return answer.json

    def offer(self, **fields: Any) -> str:
        """An offer's ID: 11.77 EUR a month, unless said otherwise."""
        external = f"S{secrets.token_hex(5)}"
        return str(self.ok("POST", "offers", {**MONTHLY, "external_id": external, **fields})["id"])

    def method(self, token: str = "tok_visa", **more: Any) -> str:  # noqa: S107
        """Payment details at the sandbox."""
        body = {"customer_id": self.id, "provider": "sandbox", "token": token, **more}
        return str(self.ok("POST", "payment_methods", body)["id"])

    def buys(self, offer: str, **more: Any) -> Any:
        """A purchase; transaction and subscription."""
        return self.ok("POST", "purchases", {"customer_id": self.id, "offer_id": offer, **more})

    def subscribes(self, token: str = "tok_visa", **fields: Any) -> Any:  # noqa: S107
        """Payment details, an offer, and its purchase."""
        method = self.method(token, make_default=True)
        return self.buys(self.offer(**fields), payment_method_id=method)

    def of(self, what: str) -> list[dict[str, Any]]:
        """What billing has of them."""
        return list(self.ok("GET", f"{what}?customer_id={self.id}")["items"])

    def opened(self, pages: Pages, **options: Any) -> Page:
        """Their page, once its panels are there."""
        page = pages.signed_in(self.site.editor, f"/console/customers/{self.id}", **options)
        shown(page)
        return page


def shown(page: Page) -> None:
    """Wait until every part of the page is there."""
    page.locator("#facts-billing").wait_for()
    for name in ("payments", "transactions", "invoices"):
        page.locator(f"#panel-{name} [data-refresh]").wait_for(state="attached")


def rich(site: Site) -> Buyer:
    """Somebody who has a little of everything."""
    buyer = Buyer.new(site)
    buyer.method("tok_expired")
    buyer.method("tok_sepa_debit")
    buyer.method("tok_paypal")
    buyer.subscribes()
    yearly = buyer.offer(
        name="Archive with everything since 1923, yearly", price=money("1499.00"), period={"unit": "year", "count": 1}
    )
    buyer.buys(yearly, channel="apple", external_order_id=f"200000{secrets.token_hex(6)}")
    buyer.buys(buyer.offer(name="Weekend", kind="pass", price=money("500", "JPY"), period={"unit": "day", "count": 2}))
    buyer.buys(buyer.offer(name="Concert", kind="event", price=money("12.500", "KWD"), period=None))
    declined = buyer.method("tok_declined")
    buyer.buys(buyer.offer(name="Quarterly", period={"unit": "month", "count": 3}), payment_method_id=declined)
    later = buyer.method("tok_processing_forever")
    buyer.buys(buyer.offer(name="Late single", kind="single", period=None), payment_method_id=later)
    return buyer

"""Our own services ask for an invoice, one publisher's at a time."""

from __future__ import annotations

from servicekit.ids import new_id
from services.billing.tests.conftest import Api


def test_an_invoice_is_told_as_the_api_shows_it(api: Api) -> None:
    customer = api.customer()
    api.method(customer)
    api.buy(customer, api.offer()["id"])
    (invoice,) = api.ok("GET", f"invoices?customer_id={customer}")["items"]

    def ask(invoice_id: str, publisher_id: str, as_: str = "search") -> tuple[int, object]:
        answer = api.app.test_client().get(
            f"/internal/invoices/{invoice_id}",
            query_string={"publisher_id": publisher_id},
            headers={"Authorization": f"Bearer {as_}"},
        )
        return answer.status_code, answer.json

    assert ask(invoice["id"], "pub_a") == (200, invoice)
    assert ask(invoice["id"], "pub_b")[0] == 404
    assert ask(new_id("inv"), "pub_a")[0] == 404
    assert ask(invoice["id"], "")[0] == 422
    assert ask(invoice["id"], "pub_a", as_="a")[0] == 403

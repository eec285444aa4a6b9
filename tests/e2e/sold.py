"""Something sold to a customer, and a file that is still to come, for tests that need one of each thing."""

from __future__ import annotations

from typing import Any

from tests.e2e.system import Api

_OFFER = {
    "name": "Premium, monthly",
    "kind": "subscription",
    "price": {"amount_minor": 1299, "currency": "EUR"},
    "tax_percent": "19",
    "period": {"unit": "month", "count": 1},
}


def sell(api: Api, customer_id: str) -> dict[str, str]:
    """A subscription, paid by card; the IDs of all that belongs to it, by the names that addresses give them.

    Billing must have been told of the customer.
    """
    offer = _made(api, "offers", _OFFER)
    token = {"customer_id": customer_id, "provider": "sandbox", "token": "tok_visa"}
    method = _made(api, "payment_methods", token)
    bought = _made(api, "purchases", {"customer_id": customer_id, "offer_id": offer["id"]})
    (access,) = api.get("/v1/billing/access", customer_id=customer_id)["items"]
    (invoice,) = api.get("/v1/billing/invoices", customer_id=customer_id)["items"]
    file = "name,kind,price,currency\nA,single,1,EUR\n"
    return {
        "import_id": begin_import(api, "/v1/billing/imports?kind=offers&", file),
        "offer_id": offer["id"],
        "payment_method_id": method["id"],
        "transaction_id": bought["transaction"]["id"],
        "subscription_id": bought["subscription"]["id"],
        "access_id": access["id"],
        "invoice_id": invoice["id"],
    }


def begin_import(api: Api, address: str, content: str) -> str:
    """The ID of an import of which more is to come."""
    begun = api.send_file(f"{address}complete=false", content)
    assert begun.status_code == 202, begun.text
    return str((begun.json or {})["id"])


def session_of(staff: Api) -> str:
    """The ID of the session that these requests are of."""
    return str(staff.get("/v1/identity/me/sessions")["items"][0]["id"])


def _made(api: Api, noun: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.send("POST", f"/v1/billing/{noun}", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})

"""What is bought travels: billing, its events, search; and what becomes of it when the customer is forgotten."""

from __future__ import annotations

from typing import Any

from tests.e2e.sold import sell
from tests.e2e.system import Api, System


def _refund(api: Api, transaction_id: str, **body: Any) -> dict[str, Any]:
    answer = api.send("POST", f"/v1/billing/transactions/{transaction_id}/refund", {"reason": "goodwill", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def test_a_customer_is_found_by_what_they_bought(system: System, api: Api) -> None:
    anna = api.create(email="anna@example.com", last_name="Müller")
    other = api.create(email="b@example.com")
    system.drain()
    sold = sell(api, anna["id"])
    body = {"customer_id": anna["id"], "offer_id": _single(api), "channel": "google"}
    order = {**body, "external_order_id": "GPA.3345-1234-5678-90123..0"}
    assert api.send("POST", "/v1/billing/purchases", order).status_code == 201
    system.drain()

    assert api.found(sold["transaction_id"]) == [anna["id"]]
    assert api.found(sold["transaction_id"][:16]) == [anna["id"]]
    for q in ("GPA.3345-1234-5678-90123..0", "gpa.3345-1234-5678-90123", "GPA.3345-12"):
        assert api.found(q) == [anna["id"]], q
    assert api.found("is:subscribed") == [anna["id"]]
    assert api.found("transactions>1") == [anna["id"]]
    assert api.found("transactions:0") == [other["id"]]
    (item,) = api.get("/v1/search/customers", q="gpa.3345-1234-5678-90123")["items"]
    (match,) = item["matched"]
    assert match["attribute"] == "external_order_id"
    assert match["value"] == "GPA.3345-1234-5678-90123..0"
    assert (item["transactions_count"], item["active_subscriptions"]) == (2, 1)
    system.assert_index_is_right(api.publisher_id)


def test_a_refund_is_seen_where_the_money_is_counted(system: System, api: Api) -> None:
    anna = api.create(email="anna@example.com")
    system.drain()
    sold = sell(api, anna["id"])
    half = {"amount": {"amount_minor": 500, "currency": "EUR"}, "end_access": False, "stop_renewals": False}
    told = _refund(api, sold["transaction_id"], **half)
    assert told["transaction"]["status"] == "partially_refunded"
    system.drain()
    (item,) = api.get("/v1/search/customers", q=anna["id"])["items"]
    assert item["lifetime_value"] == [{"amount_minor": 799, "currency": "EUR"}]
    account = api.get(f"/v1/billing/customers/{anna['id']}/account")
    assert account["lifetime_value"] == item["lifetime_value"]


def test_who_has_access_is_anonymized_only_with_it(system: System, api: Api) -> None:
    anna = api.create(email="canarybird@example.com", last_name="Canarybird")
    system.drain()
    sold = sell(api, anna["id"])
    system.drain()
    path = f"/v1/customers/{anna['id']}/anonymize"
    refused = api.send("POST", path, {})
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "access_active")
    assert api.get(f"/v1/customers/{anna['id']}")["last_name"] == "Canarybird"
    assert api.get(f"/v1/billing/subscriptions/{sold['subscription_id']}")["status"] == "active"

    assert api.send("POST", path, {"end_access": True}).status_code == 202
    system.drain()

    assert api.get(f"/v1/customers/{anna['id']}/anonymization")["status"] == "completed"
    assert api.get(f"/v1/billing/subscriptions/{sold['subscription_id']}")["status"] == "expired"
    transaction = api.get(f"/v1/billing/transactions/{sold['transaction_id']}")
    assert transaction["amount"] == {"amount_minor": 1299, "currency": "EUR"}
    assert transaction["payment_method"] is None
    assert api.get("/v1/billing/payment_methods", customer_id=anna["id"])["items"] == []
    assert api.found(sold["transaction_id"]) == []
    again = {"customer_id": anna["id"], "offer_id": sold["offer_id"], "channel": "other", "external_order_id": "A"}
    assert api.send("POST", "/v1/billing/purchases", again).status_code == 409
    system.assert_index_is_right(api.publisher_id)


def test_a_writer_of_billing_finds_its_own_write(system: System, api: Api) -> None:
    anna = api.create(email="anna@example.com")
    system.drain()
    body = {"customer_id": anna["id"], "offer_id": _single(api), "channel": "other", "external_order_id": "ORDER-77"}
    token = api.send("POST", "/v1/billing/purchases", body).headers["Version-Token"]
    before = api.get("/v1/search/customers", q="transactions:1", version_token=token, wait_ms=0)
    assert before["version_token_satisfied"] is False
    system.drain()
    after = api.get("/v1/search/customers", q="transactions:1", version_token=token, wait_ms=0)
    assert after["version_token_satisfied"] is True
    assert [item["id"] for item in after["items"]] == [anna["id"]]


def _single(api: Api) -> str:
    body = {"name": "Film", "kind": "single", "price": {"amount_minor": 499, "currency": "EUR"}}
    answer = api.send("POST", "/v1/billing/offers", body)
    assert answer.status_code == 201, answer.text
    return str((answer.json or {})["id"])

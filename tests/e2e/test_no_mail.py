"""What happened before, elsewhere, is not written about: neither what is imported nor the demo's past."""

from __future__ import annotations

from datetime import timedelta

from embedded.demo.filling import fill
from embedded.demo.mails import fill_mails
from servicekit import clock
from tests.e2e.system import Api, System

CUSTOMERS = "email,last_name,external_id\nimported@example.com,Imported,I-1\n"
OFFERS = "external_id,name,kind,price,currency,period\nM,Monthly,subscription,9.99,EUR,month\n"


def _import(system: System, api: Api, path: str, content: str) -> None:
    answer = api.send_file(path, content)
    assert answer.status_code == 202, answer.text
    system.drain()
    done = api.get(f"{path.partition('?')[0]}/{(answer.json or {})['id']}")
    assert (done["status"], done["rows"]["created"]) == ("finished", 1), done


def test_what_is_imported_is_not_mailed_and_what_happens_to_it_is(system: System, api: Api) -> None:
    already, now = len(system.mail.sent), clock.now()
    recently, soon = ((now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (-1, 2))
    _import(system, api, "/v1/customers/imports", CUSTOMERS)
    _import(system, api, "/v1/billing/imports?kind=offers", OFFERS)
    subscription = f"imported@example.com,M,active,{soon},S-1"
    heads = "user_email,offer_id,status,expiry_date,external_id"
    _import(system, api, "/v1/billing/imports?kind=subscriptions", f"{heads}\n{subscription}\n")
    transaction = f"imported@example.com,{recently},9.99,EUR,M,purchase,succeeded,O-1"
    heads = "customer_email,created_at,amount,currency,offer,kind,status,external_order_id"
    _import(system, api, "/v1/billing/imports?kind=transactions", f"{heads}\n{transaction}\n")
    assert api.get("/v1/notifications/emails")["items"] == []
    assert len(system.mail.sent) == already

    (customer_id,) = api.found("imported@example.com")
    (found,) = api.get("/v1/billing/subscriptions", customer_id=customer_id)["items"]
    answer = api.send("POST", f"/v1/billing/subscriptions/{found['id']}/cancel", {"when": "period_end"})
    assert answer.status_code == 200, answer.text
    system.drain()
    assert [mail["kind"] for mail in api.get("/v1/notifications/emails")["items"]] == ["subscription_stopped"]
    assert len(system.mail.sent) == already + 1


def test_the_demo_s_past_is_in_the_log_and_nothing_of_it_is_sent(system: System, api: Api) -> None:
    already, databases, now = len(system.mail.sent), system.assembly.databases, clock.now()
    customers, billing = databases["customers.app"], databases["billing.app"]
    fill(customers, billing=billing, publisher_id=api.publisher_id, count=30, now=now, done=lambda _: None)
    fill_mails(
        customers,
        billing,
        databases["notifications.app"],
        publisher_id=api.publisher_id,
        publisher_name="Example Media",
        owner=("stf_1", "Olivia Owner"),
        count=30,
        now=now,
    )
    system.drain()
    assert len(system.mail.sent) == already
    logged = api.get("/v1/notifications/emails", limit=200)["items"]
    assert len(logged) > 30
    assert "queued" not in {mail["status"] for mail in logged}

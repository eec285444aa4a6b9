"""Through the gateway, the audit log says which member of staff it was."""

from __future__ import annotations

from servicekit.audit import entries
from tests.e2e.system import Api, System


def test_who_read_a_customer_is_known_by_the_request(system: System, api: Api) -> None:
    customer_id = api.create(email="anna@example.com", last_name="Canary")["id"]
    for role in ("viewer", "viewer_no_pii"):
        staff = system.staff(api.publisher_id, role)
        me = staff.get("/v1/identity/me")["id"]
        read = staff.send("GET", f"/v1/customers/{customer_id}")

        with system.assembly.databases["customers.app"].transaction(api.publisher_id) as session:
            newest = entries(session, publisher_id=api.publisher_id, limit=1)[0]
        told = (newest.action, newest.actor_kind, newest.actor_id, newest.request_id, newest.outcome)
        assert told == ("customers.customer.read", "staff", me, read.headers["X-Request-Id"], "done")

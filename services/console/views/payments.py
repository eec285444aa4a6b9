"""The payments panel (P1, P2): what is paid next, what is on file to pay with, what may be used until when."""

from __future__ import annotations

from flask import Blueprint, Response

from services.console.selling import renewing
from services.console.views.billing import fragment, of_customer, wait
from services.console.views.customer import panel

blueprint = Blueprint("payments", __name__)
# More than anybody has; of access and subscriptions the newest.
MOST = 100


@blueprint.get("/customers/<customer_id>/payments")
@panel
def payments(customer_id: str) -> Response:
    """The panel's inside."""
    subscriptions = of_customer("subscriptions", customer_id, limit=MOST)["items"]
    page = of_customer("payment_methods", customer_id, limit=MOST)
    methods = page["items"]
    access = of_customer("access", customer_id, limit=MOST)["items"]
    seconds, again = wait()
    return fragment(
        "billing/payments.html",
        customer_id=customer_id,
        subscriptions=renewing(subscriptions),
        ended=[each for each in subscriptions if each["status"] == "expired"],
        methods=methods,
        methods_by_id={each["id"]: each for each in methods},
        stores=page.get("stores", ()),
        access=[each for each in access if each["ended_at"] is None],
        past_access=[each for each in access if each["ended_at"] is not None],
        pending=any(each["status"] == "detaching" for each in methods),
        wait=seconds,
        again=again,
    )

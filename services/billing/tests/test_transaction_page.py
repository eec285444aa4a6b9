"""What a transaction's page asks for: what can be done with it, what happened to it, and who may."""

from __future__ import annotations

from services.billing.tests.conftest import Api
from services.billing.tests.paid import KEEP, WHY, bought, euros, refund


def test_who_may(api: Api) -> None:
    _, paid = bought(api)
    for path, body in (
        (f"transactions/{paid}/refund", WHY),
        (f"transactions/{paid}/cancel", {}),
        (f"transactions/{paid}/extend_access", {"duration": {"unit": "day", "count": 1}, "reason": "x"}),
    ):
        assert api.send("POST", path, body, as_="reader").status_code == 403
        assert api.send("POST", path, body, as_="b").status_code == 404
    for path in (f"transactions/{paid}/actions", f"transactions/{paid}/events"):
        assert api.send("GET", path, as_="b").status_code == 404
        assert api.send("GET", path, as_="reader").status_code == 200
    assert api.send("POST", f"transactions/{paid}/refund", WHY, as_="agent").status_code == 200


def test_without_personal_data_the_words_of_a_refund_are_hidden(api: Api) -> None:
    _, paid = bought(api)
    refund(api, paid, comment="Her mother called", amount=euros(1), **KEEP)
    seen = api.send("GET", f"transactions/{paid}", as_="masked")
    assert "mother" not in seen.text
    assert (seen.json or {})["refunds"][0]["comment"] is None


def test_what_can_be_done_is_told_with_its_consequences(api: Api) -> None:
    _, paid = bought(api)
    refund_item, cancel_item, extend_item = api.ok("GET", f"transactions/{paid}/actions")["items"]
    assert refund_item["allowed"]
    assert refund_item["amount"] == euros(999)
    assert refund_item["partial_allowed"]
    assert refund_item["defaults"] == {"end_access": True, "stop_renewals": True}
    codes = [(each["code"], each["when"]) for each in refund_item["consequences"]]
    assert codes == [
        ("money_back", None),
        ("access_ends", "end_access"),
        ("renewals_stop", "stop_renewals"),
        ("next_payment_cancelled", "stop_renewals"),
    ]
    codes = [(each["code"], each["when"]) for each in cancel_item["consequences"]]
    assert codes == [
        ("money_back", None),
        ("access_ends", None),
        ("subscription_ends", None),
        ("next_payment_cancelled", None),
    ]
    assert [each["code"] for each in extend_item["consequences"]] == ["access_extended", "next_payment_unchanged"]
    refund(api, paid)
    refund_item, cancel_item, extend_item = api.ok("GET", f"transactions/{paid}/actions")["items"]
    assert (refund_item["code"], cancel_item["code"]) == ("transaction_refunded", "transaction_refunded")
    assert extend_item["allowed"]


def test_what_happened_is_told_in_order_and_by_pages(api: Api) -> None:
    _, paid = bought(api)
    refund(api, paid, amount=euros(300), **KEEP)
    api.ok(
        "POST",
        f"transactions/{paid}/extend_access",
        {"duration": {"unit": "day", "count": 1}, "reason": "Two bad days"},
    )
    everything = api.ok("GET", f"transactions/{paid}/events")["items"]
    assert [each["type"] for each in everything] == [
        "created", "succeeded", "invoice_issued", "refund_requested", "refunded", "credit_note_issued",
        "access_extended",
    ]  # fmt: skip
    assert everything[3]["actor_id"].startswith("key_")
    pages, cursor = [], ""
    while cursor is not None:
        page = api.ok("GET", f"transactions/{paid}/events?limit=2{cursor and '&cursor=' + cursor}")
        pages += page["items"]
        cursor = page["next_cursor"]
    assert pages == everything
    assert api.send("GET", f"transactions/{paid}/events?cursor=x").status_code == 400

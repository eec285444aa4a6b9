"""Everything that can happen in billing, once, so that every kind of event of it is published."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.e2e.system import Api, System

_MONTHLY = {
    "name": "Monthly", "kind": "subscription", "price": {"amount_minor": 999, "currency": "EUR"},
    "period": {"unit": "month", "count": 1},
}  # fmt: skip
_YEARLY = {**_MONTHLY, "name": "Yearly", "price": {"amount_minor": 9900, "currency": "EUR"}}
_YEARLY["period"] = {"unit": "year", "count": 1}
_PASS = {
    "name": "Day pass", "kind": "pass", "price": {"amount_minor": 299, "currency": "EUR"},
    "period": {"unit": "day", "count": 1},
}  # fmt: skip
_SINGLE = {"name": "Film", "kind": "single", "price": {"amount_minor": 499, "currency": "EUR"}}


class Life:
    """One customer who does it all."""

    def __init__(self, system: System, api: Api, customer_id: str) -> None:
        self._system = system
        self._api = api
        self._customer_id = customer_id

    def live(self) -> None:
        """Do everything."""
        monthly, yearly, day, single = (self._offer(body) for body in (_MONTHLY, _YEARLY, _PASS, _SINGLE))
        self._edit(f"offers/{single}", {"name": "A film"})
        self._method("tok_visa")
        self._subscribe_and_change_ones_mind(monthly, yearly)
        self._refunds(single)
        self._called_off_and_declined(single)
        self._runs_out(day)
        self._fails_to_renew(monthly)
        spare = self._method("tok_mastercard")
        self._send("DELETE", f"payment_methods/{spare}")
        self._import(single)
        self._system.drain()

    def _subscribe_and_change_ones_mind(self, monthly: str, yearly: str) -> None:
        subscription = self._buy(monthly)["subscription"]["id"]
        self._due("subscription", subscription)
        self._send("POST", f"subscriptions/{subscription}/cancel", {"when": "period_end"})
        self._send("POST", f"subscriptions/{subscription}/resume", {})
        self._send("POST", f"subscriptions/{subscription}/switch", {"offer_id": yearly, "when": "period_end"})
        self._send("DELETE", f"subscriptions/{subscription}/switch")
        self._send("POST", f"subscriptions/{subscription}/switch", {"offer_id": yearly, "when": "now"})
        self._send("POST", f"subscriptions/{subscription}/cancel", {"when": "now"})

    def _refunds(self, single: str) -> None:
        bought = self._buy(single)["transaction"]["id"]
        extension = {"duration": {"unit": "day", "count": 3}, "reason": "Trouble with the player"}
        answer = self._api.send("POST", f"/v1/billing/transactions/{bought}/extend_access", extension)
        assert answer.status_code == 409, "a film is for good"
        self._send("POST", f"transactions/{bought}/refund", {"reason": "goodwill"})
        stubborn = self._method("tok_refund_fails")
        failing = self._buy(single, payment_method_id=stubborn)["transaction"]["id"]
        self._send("POST", f"transactions/{failing}/refund", {"reason": "goodwill"})

    def _called_off_and_declined(self, single: str) -> None:
        slow = self._method("tok_processing_forever")
        pending = self._buy(single, payment_method_id=slow)["transaction"]["id"]
        self._send("POST", f"transactions/{pending}/cancel", {})
        self._buy(single, payment_method_id=self._method("tok_declined"))

    def _runs_out(self, day: str) -> None:
        bought = self._buy(day)["transaction"]["id"]
        extension = {"duration": {"unit": "day", "count": 3}, "reason": "Trouble with the player"}
        self._send("POST", f"transactions/{bought}/extend_access", extension)
        (access,) = [
            each
            for each in self._api.get("/v1/billing/access", customer_id=self._customer_id)["items"]
            if each["transaction_id"] == bought
        ]
        self._due("access", access["id"])

    def _fails_to_renew(self, monthly: str) -> None:
        poor = self._method("tok_renewal_insufficient_funds")
        subscription = self._buy(monthly, payment_method_id=poor)["subscription"]["id"]
        self._due("subscription", subscription)

    def _import(self, single: str) -> None:
        offer = self._api.get(f"/v1/billing/offers/{single}")["name"]
        customer = self._api.get(f"/v1/customers/{self._customer_id}")["email"]
        for kind, content in (
            (
                "transactions",
                f"customer_email,created_at,amount,currency,offer\n{customer},2026-03-12,4.99,EUR,{offer}\n",
            ),
            (
                "subscriptions",
                f"customer_email,offer,status,current_period_end\n{customer},Yearly,active,2031-01-01\n",
            ),
        ):
            answer = self._api.send_file(f"/v1/billing/imports?kind={kind}", content)
            assert answer.status_code == 202, answer.text

    def _offer(self, body: dict[str, Any]) -> str:
        return str(self._send("POST", "offers", body)["id"])

    def _method(self, token: str) -> str:
        body = {"customer_id": self._customer_id, "provider": "sandbox", "token": token, "make_default": True}
        body["make_default"] = token == "tok_visa"
        return str(self._send("POST", "payment_methods", body)["id"])

    def _buy(self, offer_id: str, **more: Any) -> dict[str, Any]:
        return self._send("POST", "purchases", {"customer_id": self._customer_id, "offer_id": offer_id, **more})

    def _edit(self, path: str, body: dict[str, Any]) -> None:
        answer = self._api.send("PATCH", f"/v1/billing/{path}", body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text

    def _send(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._api.send(method, f"/v1/billing/{path}", body)
        assert answer.status_code in (200, 201, 202), f"{method} {path}: {answer.text}"
        return dict(answer.json or {})

    def _due(self, table: str, thing_id: str) -> None:
        """Let the time of a thing have come, and everything that follows from it happen."""
        moved = {
            "subscription": "current_period_end = now() - interval '1 minute', next_attempt_at = now()",
            "access": "ends_at = now() - interval '1 minute'",
        }[table]
        with self._system.assembly.databases["billing.app"].transaction(self._api.publisher_id) as session:
            session.execute(text(f"UPDATE {table} SET {moved} WHERE id = :id"), {"id": thing_id})
        self._system.drain()

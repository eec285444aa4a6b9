"""Stripe as its documentation describes it, as far as the adapter uses it.

It keeps keys and compares what comes with them, refuses over-refunds, and answers errors in Stripe's shape.
"""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from services.billing.tests.providers.fake_stripe_forms import Wrong, form, invalid, missing, whole
from services.billing.tests.providers.loopback import Answer, Request

API_KEY = "sk_test_of_these_tests"
_Json = dict[str, Any]


class FakeStripe:
    """The account of ``API_KEY``. Payment methods are made by tests and say what charges and refunds come to."""

    def __init__(self) -> None:
        self.intents: dict[str, _Json] = {}
        self.refunds: dict[str, _Json] = {}
        self.methods: dict[str, _Json] = {}
        self._behaviors: dict[str, str] = {}
        self._kept: dict[str, tuple[object, Answer]] = {}
        self._lock = threading.RLock()
        self._count = 0

    def __call__(self, request: Request) -> Answer:
        try:
            if request.headers.get("Authorization") != f"Bearer {API_KEY}":
                raise Wrong(401, "invalid_request_error", "Invalid API Key provided: sk_test_***")
            params = dict(request.query) if request.method == "GET" else form(request.body)
            with self._lock:
                return self._once(request, params)
        except Wrong as wrong:
            return wrong.answer

    def method(self, behavior: str = "settles", *, kind: str = "card", customer: str | None = "cus_stripe1") -> str:
        """A new payment method; ``behavior``: settles, processing, undecided or a decline code."""
        name = self._new("pm")
        card = {"brand": "visa", "display_brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}
        details = card if kind == "card" else {"last4": "3000"}
        self.methods[name] = {
            "id": name,
            "object": "payment_method",
            "type": kind,
            "customer": customer,
            kind: details,
            "created": int(time.time()),
        }
        self._behaviors[name] = behavior
        return name

    def forget_keys(self) -> None:
        """As after 24 hours."""
        self._kept.clear()

    def _once(self, request: Request, params: _Json) -> Answer:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method == "GET":
            return self._answer(request, params)
        asked = (request.path, params)
        if key in self._kept:
            known, answer = self._kept[key]
            if known != asked:
                text = (
                    f"Keys for idempotent requests can only be used with the same parameters. Try another than '{key}'."
                )
                raise Wrong(400, "idempotency_error", text)
            return Answer(answer.status, answer.content, {"Idempotent-Replayed": "true"})
        try:
            answer = self._answer(request, params)
        except Wrong as wrong:
            # A declined card is kept, what did not get that far is not.
            if wrong.answer.status == 402:
                self._kept[key] = (asked, copy.deepcopy(wrong.answer))
            raise
        self._kept[key] = (asked, copy.deepcopy(answer))
        return answer

    def _answer(self, request: Request, params: _Json) -> Answer:
        for method, pattern, act in _ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return Answer(200, act(self, params, *match.groups()))
        raise invalid(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)

    def _new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_fake{self._count:06}"

    # --- payments ---

    def create_intent(self, params: _Json) -> _Json:
        amount = whole(params.get("amount"), "amount")
        if amount <= 0:
            raise invalid(
                "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
            )
        method = self.methods.get(str(params.get("payment_method")))
        if method is None:
            raise missing("PaymentMethod", str(params.get("payment_method")), param="payment_method")
        if method["customer"] is None:
            raise invalid("The provided PaymentMethod was detached from a Customer. It may not be used again.")
        if method["customer"] != params.get("customer"):
            raise invalid("The PaymentMethod does not belong to the Customer.", param="payment_method")
        assert (params["confirm"], params["off_session"]) == ("true", "true")
        intent = self._intent(params, amount)
        behavior = self._behaviors[method["id"]]
        if behavior == "settles":
            intent |= {"status": "succeeded", "amount_received": amount}
        elif behavior in ("processing", "processing_declined", "undecided"):
            intent["status"] = "processing"
        else:
            self._decline(intent, behavior)
            error = {**intent["last_payment_error"], "payment_intent": intent}
            raise Wrong(402, error.pop("type"), error.pop("message"), **error)
        return intent

    def _intent(self, params: _Json, amount: int) -> _Json:
        name = self._new("pi")
        intent: _Json = {
            "id": name,
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "currency": params["currency"],
            "customer": params["customer"],
            "payment_method": params["payment_method"],
            "description": params.get("description"),
            "metadata": params.get("metadata", {}),
            "status": "requires_confirmation",
            "last_payment_error": None,
            "created": int(time.time()),
            "livemode": False,
        }
        self.intents[name] = intent
        return intent

    def _decline(self, intent: _Json, reason: str) -> None:
        code = reason if reason in ("authentication_required", "expired_card") else "card_declined"
        error = {"type": "card_error", "code": code, "message": "Your card was declined."}
        if code == "card_declined":
            error["decline_code"] = reason
        intent |= {"status": "requires_payment_method", "last_payment_error": error}

    def _decide(self, intent: _Json) -> None:
        """Time passes: a bank makes up its mind."""
        behavior = self._behaviors[intent["payment_method"]]
        if intent["status"] == "processing" and behavior == "processing":
            intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        elif intent["status"] == "processing" and behavior == "processing_declined":
            self._decline(intent, "insufficient_funds")

    def get_intent(self, params: _Json, name: str) -> _Json:
        return self._known_intent(name)

    def _known_intent(self, name: str) -> _Json:
        if name not in self.intents:
            raise missing("payment_intent", name, param="intent")
        return self.intents[name]

    def cancel_intent(self, params: _Json, name: str) -> _Json:
        intent = self._known_intent(name)
        if intent["status"] in ("succeeded", "canceled"):
            text = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            raise invalid(text, code="payment_intent_unexpected_state")
        intent["status"] = "canceled"
        return intent

    def list_intents(self, params: _Json) -> _Json:
        for intent in self.intents.values():
            self._decide(intent)
        mine = [intent for intent in self.intents.values() if intent["customer"] == params["customer"]]
        return _page(list(reversed(mine)), params, "/v1/payment_intents")

    def search_intents(self, params: _Json) -> _Json:
        match = re.fullmatch(r"metadata\['(\w+)'\]:'([^']*)'", params["query"])
        assert match
        found = [intent for intent in self.intents.values() if intent["metadata"].get(match[1]) == match[2]]
        return {"object": "search_result", "url": "/v1/payment_intents/search", "has_more": False, "data": found}

    # --- refunds ---

    def create_refund(self, params: _Json) -> _Json:
        name = str(params.get("payment_intent"))
        if name not in self.intents:
            raise missing("payment_intent", name, param="payment_intent")
        intent = self.intents[name]
        if intent["status"] != "succeeded":
            text = "This PaymentIntent does not have a successful charge to refund."
            raise invalid(text, code="payment_intent_unexpected_state")
        amount = whole(params.get("amount"), "amount")
        left = intent["amount"] - sum(refund["amount"] for refund in self._refunds_of(name) if _counts(refund))
        if left == 0:
            raise invalid("Charge has already been refunded.", code="charge_already_refunded")
        if amount > left:
            raise invalid("Refund amount is greater than unrefunded amount on charge.", param="amount")
        behavior = self._behaviors[intent["payment_method"]]
        status = {"refund_fails": "failed", "refund_processing": "pending"}.get(behavior, "succeeded")
        refund = {
            "id": self._new("re"),
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": name,
            "metadata": params.get("metadata", {}),
            "status": status,
            "created": int(time.time()),
        }
        if status == "failed":
            refund["failure_reason"] = "expired_or_canceled_card"
        self.refunds[refund["id"]] = refund
        return refund

    def list_refunds(self, params: _Json) -> _Json:
        found = self._refunds_of(params["payment_intent"])
        for refund in found:
            refund["status"] = "succeeded" if refund["status"] == "pending" else refund["status"]
        return _page(list(reversed(found)), params, "/v1/refunds")

    def _refunds_of(self, name: str) -> list[_Json]:
        return [refund for refund in self.refunds.values() if refund["payment_intent"] == name]

    # --- payment methods ---

    def get_method(self, params: _Json, name: str) -> _Json:
        if name not in self.methods:
            raise missing("PaymentMethod", name, param="payment_method")
        return self.methods[name]

    def detach_method(self, params: _Json, name: str) -> _Json:
        method = self.get_method(params, name)
        if method["customer"] is None:
            raise invalid("The payment method is not attached to a customer so detachment is impossible.")
        method["customer"] = None
        return method

    def behave(self, method: str, behavior: str) -> None:
        """What comes of a payment method's next payments, or their refunds."""
        self._behaviors[method] = behavior


_ROUTES: list[tuple[str, str, Callable[..., Mapping[str, Any]]]] = [
    ("POST", "/v1/payment_intents", FakeStripe.create_intent),
    ("GET", "/v1/payment_intents", FakeStripe.list_intents),
    ("GET", "/v1/payment_intents/search", FakeStripe.search_intents),
    ("GET", r"/v1/payment_intents/(\w+)", FakeStripe.get_intent),
    ("POST", r"/v1/payment_intents/(\w+)/cancel", FakeStripe.cancel_intent),
    ("POST", "/v1/refunds", FakeStripe.create_refund),
    ("GET", "/v1/refunds", FakeStripe.list_refunds),
    ("GET", r"/v1/payment_methods/(\w+)", FakeStripe.get_method),
    ("POST", r"/v1/payment_methods/(\w+)/detach", FakeStripe.detach_method),
]


def _counts(refund: _Json) -> bool:
    return refund["status"] in ("succeeded", "pending")


def _page(found: list[_Json], params: _Json, url: str) -> _Json:
    """Newest first, as Stripe's lists are."""
    after = params.get("starting_after")
    start = next((number for number, made in enumerate(found, start=1) if made["id"] == after), 0)
    end = start + int(params.get("limit", 10))
    return {"object": "list", "url": url, "has_more": end < len(found), "data": found[start:end]}

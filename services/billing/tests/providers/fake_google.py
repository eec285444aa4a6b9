"""Google Play's Developer API and Google's tokens as documented, as far as the adapter uses them. Our own."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import parse_qs, unquote

from services.billing.tests.providers.loopback import Answer, Request

PACKAGE = "com.example.news"
_ROOT = f"/androidpublisher/v3/applications/{PACKAGE}"
_Json = dict[str, Any]


def error(status: int, message: str) -> Answer:
    """An error as Google's APIs write it."""
    return Answer(status, {"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}})


class FakeGoogle:
    """The app ``PACKAGE``: its orders, subscriptions and products, by their IDs and purchase tokens."""

    def __init__(self) -> None:
        self.orders: dict[str, _Json] = {}
        self.subscriptions: dict[str, _Json] = {}
        self.products: dict[str, _Json] = {}
        self.revoked: list[str] = []
        self.certificates: dict[str, str] = {}
        self.certificates_read = 0
        self.token_refused = False
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer:
        if request.path == "/token":
            assert parse_qs(request.body.decode())["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            if self.token_refused:
                return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
            return Answer(200, {"access_token": "ya29.fake", "expires_in": 3599, "token_type": "Bearer"})
        if request.path == "/certs":
            self.certificates_read += 1
            return Answer(200, self.certificates)
        if request.headers.get("Authorization") != "Bearer ya29.fake":
            return error(401, "Request had invalid authentication credentials.")
        with self._lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Answer:
        path = unquote(request.path).removeprefix(_ROOT)
        if match := re.fullmatch(r"/orders/([^:/]+)", path):
            return self._known(self.orders, match[1])
        if match := re.fullmatch(r"/orders/([^:/]+):refund", path):
            return self._refund(match[1], request.query.get("revoke") == "true")
        if match := re.fullmatch(r"/purchases/subscriptionsv2/tokens/([^:/]+)", path):
            return self._known(self.subscriptions, match[1])
        if match := re.fullmatch(r"/purchases/subscriptionsv2/tokens/([^:/]+):cancel", path):
            return self._cancel(match[1])
        if match := re.fullmatch(r"/purchases/products/([^:/]+)/tokens/([^:/]+)", path):
            return self._known(self.products, match[2])
        return error(404, "Not found.")

    @staticmethod
    def _known(things: dict[str, _Json], name: str) -> Answer:
        return Answer(200, things[name]) if name in things else error(404, "Not found.")

    def _refund(self, order_id: str, revoke: bool) -> Answer:
        order = self.orders.get(order_id)
        if order is None:
            return error(404, "No such order.")
        if order["state"] != "PROCESSED":
            return error(400, "The order can not be refunded in its present state.")
        order["state"] = "REFUNDED"
        if revoke:
            self.revoked.append(order_id)
        return Answer(200)

    def _cancel(self, token: str) -> Answer:
        subscription = self.subscriptions.get(token)
        if subscription is None:
            return error(404, "No such purchase token.")
        if subscription["subscriptionState"] not in ("SUBSCRIPTION_STATE_ACTIVE", "SUBSCRIPTION_STATE_IN_GRACE_PERIOD"):
            return error(400, "The subscription can not be canceled in its present state.")
        subscription["subscriptionState"] = "SUBSCRIPTION_STATE_CANCELED"
        return Answer(200, {})

    # --- what customers do in the app ---

    def sell(self, order_id: str, *, units: int = 12, nanos: int = 990_000_000, currency: str = "EUR") -> _Json:
        """An order that was paid."""
        total = {"currencyCode": currency, "units": str(units), "nanos": nanos}
        self.orders[order_id] = {
            "orderId": order_id,
            "state": "PROCESSED",
            "createTime": "2026-03-01T10:00:00.123456789Z",
            "total": total,
            "lineItems": [
                {
                    "productId": "monthly",
                    "subscriptionDetails": {
                        "basePlanId": "p1m",
                        "offerPhase": "BASE",
                        "servicePeriodStartTime": "2026-03-01T10:00:00Z",
                        "servicePeriodEndTime": "2026-04-01T10:00:00Z",
                    },
                }
            ],
        }
        return self.orders[order_id]

    def subscribe(self, token: str, order_id: str, *, state: str = "ACTIVE") -> _Json:
        """A subscription whose latest payment is an order."""
        self.subscriptions[token] = {
            "kind": "androidpublisher#subscriptionPurchaseV2",
            "startTime": "2026-03-01T10:00:00Z",
            "subscriptionState": f"SUBSCRIPTION_STATE_{state}",
            "externalAccountIdentifiers": {"obfuscatedExternalAccountId": "cus_1"},
            "lineItems": [
                {
                    "productId": "monthly",
                    "expiryTime": "2026-04-01T10:00:00.500Z",
                    "latestSuccessfulOrderId": order_id,
                    "autoRenewingPlan": {"autoRenewEnabled": state == "ACTIVE"},
                }
            ],
        }
        return self.subscriptions[token]

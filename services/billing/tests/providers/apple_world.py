"""The Apple adapter on a fake of the App Store Server API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jwt
from appstoreserverlibrary.api_client import AppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.billing.money import Money
from services.billing.providers.apple import Apple
from services.billing.providers.port import MethodDetails, Provider
from services.billing.tests.providers.apple_signing import BUNDLE, TRANSACTION, Authority
from services.billing.tests.providers.loopback import Answer, Request, Troubles, serving
from services.billing.tests.providers.worlds import EUROS, key

_DAY = 24 * 3600 * 1000


@cache
def authority() -> Authority:
    """The one that the adapter trusts."""
    return Authority()


@cache
def _api_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


class FakeAppStore:
    """The App Store's subscriptions, by their original transaction's ID: when they renew, and how often extended."""

    def __init__(self) -> None:
        self.renews_at = {"2000000000000001": int(TRANSACTION["expiresDate"])}
        self.extended: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, _api_key().public_key(), algorithms=["ES256"], audience="appstoreconnect-v1")
        assert claims["bid"] == BUNDLE
        if match := re.fullmatch(r"/inApps/v1/subscriptions/extend/(\d+)", request.path):
            return self._extend(match[1], json.loads(request.body))
        if match := re.fullmatch(r"/inApps/v1/subscriptions/(\d+)", request.path):
            return self._status(match[1])
        return _error(404, 4040000, "Not found.")

    def _extend(self, name: str, asked: dict[str, Any]) -> Answer:
        if name not in self.renews_at:
            return _error(404, 4040005, "Original transaction id not found.")
        if self.extended.get(name, 0) >= 2:
            return _error(403, 4030005, "Subscription has reached maximum extension count.")
        assert 1 <= asked["extendByDays"] <= 90
        assert asked["requestIdentifier"]
        self.renews_at[name] += asked["extendByDays"] * _DAY
        self.extended[name] = self.extended.get(name, 0) + 1
        content = {"originalTransactionId": name, "webOrderLineItemId": "9", "success": True}
        return Answer(200, {**content, "effectiveDate": self.renews_at[name]})

    def _status(self, name: str) -> Answer:
        if name not in self.renews_at:
            return _error(404, 4040010, "Transaction id not found.")
        last = {
            "originalTransactionId": name,
            "status": 1,
            "signedTransactionInfo": authority().transaction(expiresDate=self.renews_at[name]),
            "signedRenewalInfo": authority().renewal(),
        }
        group = {"subscriptionGroupIdentifier": "g", "lastTransactions": [last]}
        return Answer(200, {"environment": "Production", "bundleId": BUNDLE, "data": [group]})


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status, {"errorCode": code, "errorMessage": message})


class AppleWorld:
    """An app in the fake, and the adapter for it."""

    def __init__(self, fake: FakeAppStore, troubles: Troubles, address: str) -> None:
        self.fake = fake
        self.troubles = troubles
        pem = _api_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        client = AppStoreServerAPIClient(pem, "KEY1", "issuer", BUNDLE, Environment.PRODUCTION)
        client._base_url = address
        verifier = SignedDataVerifier(
            [authority().root],
            enable_online_checks=False,
            environment=Environment.PRODUCTION,
            bundle_id=BUNDLE,
            app_apple_id=41234,
        )
        self.provider: Provider = Apple(client, verifier)

    def method(self, trouble: str = "", *, on: str = "charge") -> MethodDetails:
        raise NotImplementedError("nothing is charged here")

    def paid(self, trouble: str = "", *, amount: Money = EUROS) -> tuple[str, str]:
        return "2000000000000007", key()

    def taken(self) -> int:
        return 1299

    def given(self) -> int:
        return 0

    def forget_keys(self) -> None:
        """It has none."""


@contextmanager
def apple_world() -> Iterator[AppleWorld]:
    """The fake, served for the time of the block."""
    fake, troubles = FakeAppStore(), Troubles()
    with serving(fake, troubles) as address:
        yield AppleWorld(fake, troubles, address)

"""The Google adapter on the fake of Google."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

from services.billing.money import Money
from services.billing.providers.google import Google
from services.billing.providers.google_api import GooglePlay
from services.billing.providers.google_push import PushTokens
from services.billing.providers.port import MethodDetails, Provider
from services.billing.tests.providers.fake_google import PACKAGE, FakeGoogle
from services.billing.tests.providers.loopback import Troubles, serving
from services.billing.tests.providers.worlds import EUROS, key

AUDIENCE = "https://accounts.example.com/v1/billing/webhooks/google?account=acme-google"
EMAIL = "push@project.example.com"
_ON_THE_WAY = {"lost_before": "lost_before", "lost_after": "lost_after", "garbage": "garbage", "down_once": "busy"}


@cache
def pair(name: str) -> tuple[str, str]:
    """Private and public key in PEM; one for each name."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def service_account(address: str) -> dict[str, str]:
    """The key file of a service account whose tokens come from the fake."""
    return {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "1",
        "private_key": pair("service account")[0],
        "client_email": "billing@project.example.com",
        "client_id": "1",
        "token_uri": f"{address}/token",
    }


def push_token(*, signed_by: str = "google", kid: str = "k1", **changes: Any) -> str:
    """The token that comes with a push."""
    now = int(time.time())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "email": EMAIL,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
        "sub": "1",
    }
    signer = crypt.RSASigner.from_string(pair(signed_by)[0], kid)  # type: ignore[no-untyped-call]
    return bytes(jwt.encode(signer, {**claims, **changes})).decode()  # type: ignore[no-untyped-call]


def push(message_id: str = "136969346945", **content: Any) -> bytes:
    """The body of a push."""
    told = {"version": "1.0", "packageName": PACKAGE, "eventTimeMillis": "1772359200000", **content}
    data = base64.b64encode(json.dumps(told).encode()).decode()
    message = {"data": data, "messageId": message_id, "publishTime": "2026-03-01T10:00:00Z"}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


class GoogleWorld:
    """An app in the fake, and the adapter for it."""

    def __init__(self, fake: FakeGoogle, troubles: Troubles, address: str) -> None:
        self.fake = fake
        self.troubles = troubles
        self.address = address
        fake.certificates = {"k1": pair("google")[1]}
        self.provider: Provider = self.adapter()

    def adapter(self, *, answer_seconds: float = 1.0) -> Google:
        """An adapter for this fake."""
        api = GooglePlay(service_account(self.address), PACKAGE, api_base=self.address, answer_seconds=answer_seconds)
        tokens = PushTokens(audience=AUDIENCE, email=EMAIL, certificates=f"{self.address}/certs")
        return Google(api, tokens, package_name=PACKAGE)

    def method(self, trouble: str = "", *, on: str = "charge") -> MethodDetails:
        raise NotImplementedError("nothing is charged here")

    def paid(self, trouble: str = "", *, amount: Money = EUROS) -> tuple[str, str]:
        order_id = f"GPA.3345-1234-5678-{len(self.fake.orders):05}"
        self.fake.sell(order_id)
        if trouble:
            self.troubles.add("POST", "/androidpublisher", _ON_THE_WAY[trouble])
        return order_id, key()

    def taken(self) -> int:
        return 1299 * len(self.fake.orders)

    def given(self) -> int:
        return 1299 * len([order for order in self.fake.orders.values() if order["state"] == "REFUNDED"])

    def forget_keys(self) -> None:
        """It has none."""


@contextmanager
def google_world() -> Iterator[GoogleWorld]:
    """The fake, served for the time of the block."""
    fake, troubles = FakeGoogle(), Troubles()
    with serving(fake, troubles) as address:
        yield GoogleWorld(fake, troubles, address)

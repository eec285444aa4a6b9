"""What the two stores tell, as they write and sign it, sent to billing's address."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from services.billing.tests.providers.apple_world import authority
from services.billing.tests.providers.google_world import GoogleWorld, push, push_token

PRODUCT = "monthly"
BEGAN = datetime(2026, 11, 20, 10, tzinfo=UTC)
FIRST = "2000000000000001"


def milliseconds(moment: datetime) -> int:
    """A time as Apple writes it."""
    return int(moment.timestamp() * 1000)


def after(months: int) -> datetime:
    """The end of that many periods of 30 days."""
    return BEGAN + timedelta(days=30 * months)


@dataclass
class AppStore:
    """Sends the App Store's notifications."""

    app: Flask
    account: str
    sent_at: datetime = field(default=BEGAN)
    sent: bytes = b""

    def tell(
        self, kind: str, subtype: str | None = None, *, at: datetime | None = None, **changes: Any
    ) -> TestResponse:
        """A notification, signed a minute after the one before unless said otherwise."""
        self.sent_at = at or self.sent_at + timedelta(minutes=1)
        changes.setdefault("appAccountToken", self.account)
        transaction = authority().transaction(**{"purchaseDate": milliseconds(BEGAN), **changes})
        body = authority().notification(kind, subtype, transaction=transaction, signedDate=milliseconds(self.sent_at))
        self.sent = body
        return self.send(body)

    def send(self, body: bytes) -> TestResponse:
        """A body as it is."""
        return self.app.test_client().post("/v1/billing/webhooks/apple", data=body)

    def buy(self, **changes: Any) -> TestResponse:
        """The first payment."""
        return self.tell(
            "SUBSCRIBED",
            "INITIAL_BUY",
            **{
                "transactionId": FIRST,
                "transactionReason": "PURCHASE",
                "expiresDate": milliseconds(after(1)),
                **changes,
            },
        )

    def renew(self, number: int = 1, **changes: Any) -> TestResponse:
        """A renewal; the first one pays for the second period."""
        return self.tell(
            "DID_RENEW",
            **{
                "transactionId": f"200000000000001{number}",
                "purchaseDate": milliseconds(after(number)),
                "expiresDate": milliseconds(after(number + 1)),
                **changes,
            },
        )


@dataclass
class PlayStore:
    """Sends Google Play's notifications."""

    app: Flask
    google: GoogleWorld

    def tell(self, message_id: str, **content: Any) -> TestResponse:
        """A push with its token."""
        headers = {"Authorization": f"Bearer {push_token()}"}
        return self.app.test_client().post(
            "/v1/billing/webhooks/google?account=acme-google", data=push(message_id, **content), headers=headers
        )

    def subscription(self, message_id: str, kind: int) -> TestResponse:
        """Something about the subscription ``token-1``."""
        content = {"version": "1.0", "notificationType": kind, "purchaseToken": "token-1"}
        return self.tell(message_id, subscriptionNotification=content)

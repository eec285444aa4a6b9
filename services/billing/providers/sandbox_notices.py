"""The sandbox's notifications: facts as JSON, signed with a secret as Stripe signs its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

import orjson

from servicekit import clock
from services.billing.money import Money
from services.billing.providers.notifications import Fact, Notification
from services.billing.providers.port import NotificationUnreadable, SignatureInvalid

HEADER = "Sandbox-Signature"
TOLERANCE_SECONDS = 300
_FACTS = {fact.__name__: fact for fact in get_args(Fact)}
_MOMENTS = ("paid_at", "starts_at", "until")


def signature(body: bytes, *, secret: str, at: datetime) -> str:
    """The value of the header that a notification sent ``at`` has."""
    moment = int(at.timestamp())
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def read_notice(headers: Mapping[str, str], body: bytes, *, secret: str) -> Notification:
    """The notification in ``body``: ``{"id", "type": "ChargeSettled" …, "occurred_at", "fact": {…}}``.

    Types that aren't facts are taken, and tell nothing. Raises SignatureInvalid, NotificationUnreadable.
    """
    _verify(headers.get(HEADER, ""), body, secret)
    try:
        content = orjson.loads(body)
        made = _FACTS.get(content["type"])
        return Notification(
            event_id=_text(content["id"]),
            type=_text(content["type"]),
            occurred_at=_moment(content["occurred_at"]),
            fact=made(**{name: _read(name, value) for name, value in content["fact"].items()}) if made else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotificationUnreadable("This is no notification of the sandbox.") from error


def _verify(header: str, body: bytes, secret: str) -> None:
    moment = header.partition(",")[0].removeprefix("t=")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 12):
        raise SignatureInvalid(f"The header {HEADER} is missing or can't be read.")
    expected = signature(body, secret=secret, at=datetime.fromtimestamp(int(moment), tz=clock.now().tzinfo))
    if not hmac.compare_digest(expected.encode(), header.encode()):
        raise SignatureInvalid("The signature doesn't fit the body.")
    if abs(clock.now().timestamp() - int(moment)) > TOLERANCE_SECONDS:
        raise SignatureInvalid("Signed too long ago.")


def _read(name: str, value: Any) -> Any:
    if name in _MOMENTS:
        return None if value is None else _moment(value)
    if name == "amount":
        return None if value is None else Money(int(value["amount_minor"]), str(value["currency"]))
    return value


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("without its zone")
    return moment


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise TypeError("not a short text")
    return value

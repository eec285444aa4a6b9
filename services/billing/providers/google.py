"""Google Play: orders refunded whole, subscriptions stopped, and what Google tells by Pub/Sub."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import orjson

from servicekit.settings import SettingsError
from services.billing.providers.accounts import Account
from services.billing.providers.google_api import API, GooglePlay, Json
from services.billing.providers.google_facts import (
    PAID,
    change_of,
    order_of,
    payment_of,
    product_of,
    refund_of,
    refund_reference,
    refunds_of,
    text,
)
from services.billing.providers.google_push import CERTIFICATES, PushTokens
from services.billing.providers.notifications import Fact, Notification
from services.billing.providers.orders import (
    CancelOrder,
    Charge,
    DetachOrder,
    ExtendOrder,
    Order,
    RefundOrder,
    VoidOrder,
)
from services.billing.providers.port import (
    OFFERED,
    Capabilities,
    Capability,
    MethodDetails,
    NotificationUnreadable,
    Outcome,
    Processing,
    ProviderGarbage,
    ProviderRefused,
    Settled,
    not_offered,
)
from services.billing.providers.stores import GOOGLE, STORE_MANAGED

_STOPPED = ("SUBSCRIPTION_STATE_CANCELED", "SUBSCRIPTION_STATE_EXPIRED")
_BOUGHT_ONCE = 1
_WHOLE = 1


def of_account(account: Account) -> Google:
    """The adapter for an account: ``package_name``, ``service_account_file``, ``push_audience``, ``push_email``."""
    try:
        service_account = orjson.loads(account.file("service_account_file"))
        api = GooglePlay(service_account, account.text("package_name"), api_base=account.optional("api_base") or API)
    except (ValueError, TypeError, AttributeError):
        # Without its cause, which may quote a secret.
        text = f"payment provider account {account.name!r}: service_account_file is no key of a service account"
        raise SettingsError(text) from None
    push = PushTokens(
        audience=account.text("push_audience"),
        email=account.text("push_email"),
        certificates=account.optional("certificates") or CERTIFICATES,
    )
    return Google(api, push, package_name=account.text("package_name"))


class Google:
    """One publisher's app in Google Play. Google charges by itself, and tells of it."""

    name = "google"
    capabilities = Capabilities(
        charge=GOOGLE.charge,
        refund=OFFERED,
        partial_refund=not_offered(
            STORE_MANAGED, "Google Play refunds whole orders only. A part can be refunded in the Play Console."
        ),
        void=GOOGLE.void,
        detach=GOOGLE.detach,
        cancel=OFFERED,
        extend=GOOGLE.extend,
    )
    renews_itself = True
    # Google has no idempotency keys: always look up before another try.
    key_lifetime = timedelta(0)
    longest_call = timedelta(seconds=100)

    def __init__(self, api: GooglePlay, push: PushTokens, *, package_name: str) -> None:
        self._api = api
        self._push = push
        self._package_name = package_name

    def describe(self, token: str) -> MethodDetails:
        _refuse(self.capabilities.charge)

    def charge(self, order: Charge) -> Outcome:
        _refuse(self.capabilities.charge)

    def refund(self, order: RefundOrder) -> Outcome:
        _check(order)
        order_id = order.charge_reference or ""
        if not order_id:
            raise ProviderRefused("charge_unknown", "Without its order ID Google Play doesn't know the purchase.")
        if order.is_partial:
            self.capabilities.partial_refund.require()
        try:
            self._api.refund(order_id, revoke=order.ends_access)
        except ProviderRefused as refused:
            raise self._why_not(order_id, refused) from refused
        return Settled(reference=refund_reference(order_id))

    def void(self, order: VoidOrder) -> Outcome:
        _refuse(self.capabilities.void)

    def detach(self, order: DetachOrder) -> Outcome:
        _refuse(self.capabilities.detach)

    def cancel(self, order: CancelOrder) -> Outcome:
        try:
            self._api.cancel(order.subscription_reference)
        except ProviderRefused as refused:
            if refused.code == "not_found":
                raise ProviderRefused("subscription_unknown", "Google Play has no such subscription.") from refused
            if self.look_up(order) is None:
                raise
        return Settled(reference="")

    def extend(self, order: ExtendOrder) -> Outcome:
        _refuse(self.capabilities.extend)

    def look_up(self, order: Order) -> Outcome | None:
        if isinstance(order, RefundOrder) and order.charge_reference and not order.is_partial:
            return self._refund_of(order.charge_reference)
        if isinstance(order, CancelOrder):
            try:
                state = self._api.subscription(order.subscription_reference).get("subscriptionState")
            except ProviderRefused as refused:
                raise ProviderRefused("subscription_unknown", "Google Play has no such subscription.") from refused
            return Settled(reference="") if state in _STOPPED else None
        return None

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notification]:
        self._push.verify(headers.get("Authorization", ""))
        try:
            message = orjson.loads(body)["message"]
            told = orjson.loads(base64.b64decode(message["data"], validate=True))
            event_id = text(message.get("messageId") or message["message_id"])
            if told["packageName"] != self._package_name:
                raise NotificationUnreadable("This push tells of another app.")
            occurred_at = datetime.fromtimestamp(int(told["eventTimeMillis"]) / 1000, tz=UTC)
            kind = _kind(told)
            facts = self._facts(told)
        except ProviderRefused:
            # Google no longer knows what it told of: nothing to go by, and no use in telling it again.
            facts = []
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise NotificationUnreadable("This is no notification of Google Play's.") from error
        return [
            Notification(
                event_id=event_id if number == 1 else f"{event_id}:{number}",
                type=kind,
                occurred_at=occurred_at,
                fact=fact,
            )
            for number, fact in enumerate(facts or [None], start=1)
        ]

    def _facts(self, told: Json) -> Sequence[Fact]:
        if content := told.get("subscriptionNotification"):
            return _only(self._subscription(int(content["notificationType"]), text(content["purchaseToken"])))
        if content := told.get("oneTimeProductNotification"):
            return _only(self._product(content) if int(content["notificationType"]) == _BOUGHT_ONCE else None)
        if content := told.get("voidedPurchaseNotification"):
            order_id = text(content["orderId"])
            if int(content["refundType"]) == _WHOLE:
                return [refund_of(order_id)]
            return refunds_of(order_id, self._api.order(order_id))
        return []

    def _subscription(self, kind: int, purchase_token: str) -> Fact | None:
        subscription = self._api.subscription(purchase_token)
        order_id = order_of(subscription) if kind in PAID else None
        if order_id and subscription["subscriptionState"] != "SUBSCRIPTION_STATE_PENDING":
            return payment_of(purchase_token, subscription, self._api.order(order_id))
        return change_of(kind, purchase_token, subscription)

    def _product(self, content: Json) -> Fact:
        product_id, purchase_token = text(content["sku"]), text(content["purchaseToken"])
        product = self._api.product(product_id, purchase_token)
        return product_of(product, product_id, self._api.order(text(product["orderId"])))

    def _refund_of(self, order_id: str) -> Outcome | None:
        state = self._state_of(order_id)
        if state == "REFUNDED":
            return Settled(reference=refund_reference(order_id))
        return Processing(reference=refund_reference(order_id)) if state == "PENDING_REFUND" else None

    def _why_not(self, order_id: str, refused: ProviderRefused) -> ProviderRefused:
        """Google's refusals say little: the order's state says more."""
        if refused.code == "not_found":
            return ProviderRefused("charge_unknown", "Google Play has no such order.")
        state = self._state_of(order_id)
        if state in ("REFUNDED", "PENDING_REFUND", "CANCELED"):
            return ProviderRefused("refund_exceeds_charge", "This order has been refunded or canceled already.")
        if state == "PENDING":
            return ProviderRefused("charge_not_settled", "Only a settled order can be refunded.")
        return refused

    def _state_of(self, order_id: str) -> Any:
        try:
            return self._api.order(order_id)["state"]
        except KeyError as error:
            raise ProviderGarbage("Google Play's order has no state.") from error
        except ProviderRefused as refused:
            raise ProviderRefused("charge_unknown", "Google Play has no such order.") from refused


def _kind(told: Json) -> str:
    """The notification's type in a word and Google's number."""
    for name, number in (("subscription", "notificationType"), ("oneTimeProduct", "notificationType")):
        if content := told.get(f"{name}Notification"):
            return f"{name}.{int(content[number])}"
    content = told.get("voidedPurchaseNotification")
    return f"voidedPurchase.{int(content['refundType'])}" if content else "other"


def _check(order: RefundOrder) -> None:
    if order.amount.amount_minor <= 0:
        raise ProviderRefused("amount_invalid", "The amount has to be above zero.")
    if order.amount.currency != order.charged.currency:
        raise ProviderRefused("currency_mismatch", f"The charge was in {order.charged.currency}.")
    if order.amount.amount_minor > order.charged.amount_minor:
        raise ProviderRefused("refund_exceeds_charge", "More than was charged.")


def _only(fact: Fact | None) -> list[Fact]:
    return [] if fact is None else [fact]


def _refuse(capability: Capability) -> NoReturn:
    raise ProviderRefused(capability.code, capability.reason)

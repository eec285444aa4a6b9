"""Stripe: payments off session with payment methods on file, by its official library.

What is charged carries the operation's ID as metadata, by which it is found when Stripe no longer keeps the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import stripe

from services.billing.providers.accounts import Account
from services.billing.providers.notifications import Notification
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
    AmountDiffers,
    Capabilities,
    Declined,
    MethodDetails,
    Outcome,
    Processing,
    ProviderGarbage,
    ProviderRefused,
    Settled,
)
from services.billing.providers.stripe_errors import declined, may_recover, translated
from services.billing.providers.stripe_events import OPERATION, brand_name, read_event
from services.billing.providers.stripe_money import from_stripe, to_stripe

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams

API = "https://api.stripe.com"
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 20.0
_KINDS = ("card", "paypal", "sepa_debit")
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def of_account(account: Account) -> Stripe:
    """The adapter for an account: ``api_key``, ``webhook_secrets``, and for tests ``api_base``."""
    return Stripe(
        account.text("api_key"),
        webhook_secrets=account.texts("webhook_secrets"),
        api_base=account.optional("api_base") or API,
    )


class Stripe:
    """One publisher's Stripe account."""

    name = "stripe"
    capabilities = Capabilities()
    renews_itself = False
    # Stripe removes keys "after they're at least 24 hours old"; an hour less, for clocks that differ.
    key_lifetime = timedelta(hours=23)
    longest_call = timedelta(seconds=90)

    def __init__(
        self,
        api_key: str,
        *,
        webhook_secrets: Sequence[str],
        api_base: str = API,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        http = stripe.RequestsClient(timeout=(_CONNECT_SECONDS, answer_seconds))
        # No retries of its own: the executor knows better when, and how often.
        client = stripe.StripeClient(api_key, base_addresses={"api": api_base}, http_client=http, max_network_retries=0)
        self._api = client.v1
        self._secrets = tuple(webhook_secrets)

    def describe(self, token: str) -> MethodDetails:
        method = self._method(token)
        with translated():
            customer = _id(method.customer)
            if customer is None:
                raise ProviderRefused(
                    "payment_method_unattached",
                    "This payment method belongs to no customer at Stripe, so it can't be charged again. "
                    "Collect it with a SetupIntent that names a customer.",
                )
            card = _get(method, "card")
            debit = _get(method, "sepa_debit")
            return MethodDetails(
                reference=method.id,
                kind=method.type if method.type in _KINDS else "other",
                provider_customer=customer,
                brand=brand_name(_get(card, "display_brand") or card.brand) if card else None,
                last4=card.last4 if card else debit.last4 if debit else None,
                expiry_month=card.exp_month if card else None,
                expiry_year=card.exp_year if card else None,
            )

    def charge(self, order: Charge) -> Outcome:
        amount, currency = to_stripe(order.amount)
        customer = order.provider_customer or self.describe(order.payment_method).provider_customer or ""
        try:
            with translated():
                intent = self._api.payment_intents.create(
                    {
                        "amount": amount,
                        "currency": currency,
                        "customer": customer,
                        "payment_method": order.payment_method,
                        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                        "off_session": True,
                        "confirm": True,
                        "description": order.description,
                        "metadata": {OPERATION: order.key, "customer_id": order.customer_id},
                    },
                    {"idempotency_key": order.key},
                )
                return _charged(intent, order)
        except stripe.CardError as error:
            return declined(error)
        except ProviderRefused as refused:
            if refused.code != "key_reused" and self._is_detached(order.payment_method):
                raise ProviderRefused("payment_method_detached", "This payment method was deleted.") from refused
            raise

    def refund(self, order: RefundOrder) -> Outcome:
        amount, _currency = to_stripe(order.amount)
        if order.amount.currency != order.charged.currency:
            raise ProviderRefused("currency_mismatch", f"The charge was in {order.charged.currency}.")
        of = self._reference(order.charge_reference, order.charge_key)
        params: RefundCreateParams = {"amount": amount, "metadata": {OPERATION: order.key}}
        if of.startswith("ch_"):
            params["charge"] = of
        else:
            params["payment_intent"] = of
        if order.reason in _REASONS:
            params["reason"] = order.reason
        try:
            with translated():
                return _refunded(self._api.refunds.create(params, {"idempotency_key": order.key}))
        except stripe.CardError as error:
            return declined(error)
        except ProviderRefused as refused:
            cause = refused.__cause__
            if isinstance(cause, stripe.InvalidRequestError) and cause.param == "amount":
                raise ProviderRefused("refund_exceeds_charge", "More than is left of the charge.") from refused
            raise

    def void(self, order: VoidOrder) -> Outcome:
        of = self._reference(order.charge_reference, order.charge_key)
        try:
            with translated():
                intent = self._api.payment_intents.cancel(of, {}, {"idempotency_key": order.key})
        except ProviderRefused as refused:
            with translated():
                intent = self._api.payment_intents.retrieve(of)
                if intent.status == "canceled":
                    return Settled(reference=intent.id)
                if intent.status == "succeeded":
                    text = "This charge is settled: it can only be refunded."
                    raise ProviderRefused("charge_settled", text) from refused
            raise
        return Settled(reference=intent.id)

    def detach(self, order: DetachOrder) -> Outcome:
        try:
            with translated():
                self._api.payment_methods.detach(order.payment_method, {}, {"idempotency_key": order.key})
        except ProviderRefused as refused:
            if refused.code != "token_unknown" and not self._is_detached(order.payment_method):
                raise
        return Settled(reference=order.payment_method)

    def cancel(self, order: CancelOrder) -> Outcome:
        return Settled(reference="")

    def extend(self, order: ExtendOrder) -> Outcome:
        return Settled(reference="")

    def look_up(self, order: Order) -> Outcome | None:
        if isinstance(order, Charge):
            intent = self._find(order.key, order.provider_customer)
            return _charged(intent, order) if intent else None
        if isinstance(order, RefundOrder):
            return self._find_refund(order)
        if isinstance(order, VoidOrder):
            of = self._reference(order.charge_reference, order.charge_key)
            with translated():
                intent = self._api.payment_intents.retrieve(of)
                return Settled(reference=intent.id) if intent.status == "canceled" else None
        if isinstance(order, DetachOrder):
            return Settled(reference=order.payment_method) if self._is_detached(order.payment_method) else None
        return None

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notification]:
        return [read_event(headers.get("Stripe-Signature"), body, secrets=self._secrets)]

    def _method(self, token: str) -> stripe.PaymentMethod:
        if not token.startswith("pm_"):
            raise ProviderRefused("token_unknown", "Stripe's payment methods begin with pm_.")
        with translated():
            return self._api.payment_methods.retrieve(token)

    def _is_detached(self, token: str) -> bool:
        try:
            return _id(self._method(token).customer) is None
        except ProviderRefused as refused:
            return refused.code == "token_unknown"

    def _reference(self, reference: str | None, key: str | None) -> str:
        found = None if reference or not key else self._find(key, None)
        if not reference and not found:
            raise ProviderRefused("charge_unknown", "Stripe has no such charge.")
        return reference or (found.id if found else "")

    def _find(self, key: str, customer: str | None) -> stripe.PaymentIntent | None:
        """The payment with this operation's ID.

        A customer's list is always current; Stripe's search, for want of a customer, may lag by a minute.
        """
        with translated():
            found: Iterable[stripe.PaymentIntent]
            if customer:
                listed = self._api.payment_intents.list({"customer": customer, "limit": 100})
                found = listed.auto_paging_iter()
            else:
                query = f"metadata['{OPERATION}']:'{_quoted(key)}'"
                found = self._api.payment_intents.search({"query": query}).auto_paging_iter()
            return next((intent for intent in found if _get(intent.metadata, OPERATION) == key), None)

    def _find_refund(self, order: RefundOrder) -> Outcome | None:
        of = self._reference(order.charge_reference, order.charge_key)
        with translated():
            listed = self._api.refunds.list(
                {"charge": of, "limit": 100} if of.startswith("ch_") else {"payment_intent": of, "limit": 100}
            )
            found = (made for made in listed.auto_paging_iter() if _get(made.metadata, OPERATION) == order.key)
            refund = next(found, None)
            return _refunded(refund) if refund else None


def _charged(intent: stripe.PaymentIntent, order: Charge) -> Outcome:
    if intent.status == "succeeded":
        taken = from_stripe(intent.amount_received, intent.currency)
        if taken != order.amount:
            raise AmountDiffers(taken, order.amount)
        return Settled(reference=intent.id, at=datetime.fromtimestamp(intent.created, tz=UTC))
    if intent.status == "processing":
        return Processing(reference=intent.id)
    if intent.status == "canceled":
        return Declined(code="voided", message="The charge was called off.", may_recover=False, reference=intent.id)
    if intent.status == "requires_action":
        return Declined(
            code="authentication_required",
            message="The bank wants the customer to confirm this payment.",
            may_recover=False,
            reference=intent.id,
        )
    error = intent.last_payment_error
    if intent.status != "requires_payment_method" or error is None:
        raise ProviderGarbage("Stripe's payment is in a state that it can't be in.")
    code = _get(error, "decline_code") or error.code or "card_declined"
    message = _get(error, "message") or "The card was declined."
    return Declined(code=code, message=message, may_recover=may_recover(code), reference=intent.id)


def _refunded(refund: stripe.Refund) -> Outcome:
    if refund.status == "succeeded":
        return Settled(reference=refund.id, at=datetime.fromtimestamp(refund.created, tz=UTC))
    if refund.status in ("pending", "requires_action"):
        return Processing(reference=refund.id)
    if refund.status not in ("failed", "canceled"):
        raise ProviderGarbage("Stripe's refund is in a state that it can't be in.")
    reason = _get(refund, "failure_reason") or refund.status
    message = f"The refund did not go through ({reason})."
    return Declined(code="refund_failed", message=message, may_recover=False, reference=refund.id)


def _get(made: object, name: str) -> Any:
    """A field that Stripe may leave out."""
    return getattr(made, name, None)


def _id(value: object) -> str | None:
    """An ID that Stripe may give as the whole object."""
    return value if isinstance(value, str) else getattr(value, "id", None)


def _quoted(text: str) -> str:
    return text.replace("\\", "").replace("'", "")

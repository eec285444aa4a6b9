"""Stripe's errors in the port's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from services.billing.providers.port import (
    Declined,
    ProviderError,
    ProviderGarbage,
    ProviderRefused,
    ProviderUnavailable,
)
from services.billing.providers.trouble import never_sent, retry_after

# Trying these again with the same card is of no use, or forbidden by the networks (Stripe: "Decline codes").
_FINAL = """authentication_required card_not_supported currency_not_supported expired_card fraudulent incorrect_number
invalid_account invalid_number lost_card merchant_blacklist new_account_information_available pickup_card
restricted_card revocation_of_all_authorizations revocation_of_authorization security_violation stolen_card
stop_payment_order transaction_not_allowed"""
_CODES = {
    "charge_already_refunded": ("refund_exceeds_charge", "All of this charge has been refunded already."),
    "amount_too_small": ("amount_invalid", "The amount is below the least that Stripe takes."),
    "amount_too_large": ("amount_invalid", "The amount is above the most that Stripe takes."),
    "parameter_invalid_integer": ("amount_invalid", "Stripe doesn't take this amount."),
}


def may_recover(code: str) -> bool:
    """Whether another try some days later makes sense."""
    return code not in _FINAL.split()


def declined(error: stripe.CardError) -> Declined:
    """What a bank's no comes to."""
    told = error.error
    code = (told.decline_code if told else None) or error.code or "card_declined"
    if error.code == "authentication_required":
        code = error.code
    intent = told.payment_intent if told else None
    return Declined(
        code=code,
        message=error.user_message or "The card was declined.",
        may_recover=may_recover(code),
        reference=intent.id if intent else None,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Whatever Stripe's library raises inside leaves as one of the port's errors, CardError excepted."""
    try:
        yield
    except (ProviderError, stripe.CardError):
        raise
    except stripe.StripeError as error:
        raise _translation(error) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The library makes objects of any JSON: what lacks in them shows only here.
        raise ProviderGarbage(f"Stripe's answer lacks something: {type(error).__name__}") from error


def _translation(error: stripe.StripeError) -> ProviderError:
    if isinstance(error, stripe.APIConnectionError):
        return ProviderUnavailable("Stripe could not be reached.", in_doubt=not never_sent(error))
    if isinstance(error, stripe.RateLimitError):
        wait = retry_after((error.headers or {}).get("retry-after"))
        return ProviderUnavailable("Stripe asks to slow down.", in_doubt=False, retry_after=wait)
    if isinstance(error, stripe.IdempotencyError):
        return ProviderRefused("key_reused", "Stripe knows this idempotency key for something else.")
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        # Not the order's fault: it waits until the account's key is mended.
        return ProviderUnavailable("Stripe doesn't accept the account's API key.", in_doubt=False)
    if isinstance(error, stripe.InvalidRequestError):
        return refusal(error)
    status = error.http_status
    if status == 409:
        return ProviderUnavailable("Stripe is still busy with an earlier request of this key.", in_doubt=True)
    if status is not None and status >= 500:
        return ProviderUnavailable(f"Stripe answered {status}.", in_doubt=True)
    return ProviderGarbage("Stripe's answer could not be read.")


def refusal(error: stripe.InvalidRequestError) -> ProviderRefused:
    """What is wrong with a request that Stripe turned down."""
    if error.code == "resource_missing":
        missing = {"payment_intent": "charge_unknown", "charge": "charge_unknown", "intent": "charge_unknown"}
        return ProviderRefused(missing.get(error.param or "", "token_unknown"), "Stripe has no such thing.")
    code, message = _CODES.get(error.code or "", (error.code or "refused", error.user_message or "Stripe refused it."))
    return ProviderRefused(code, message)

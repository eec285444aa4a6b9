"""The App Store, by Apple's library: its signed notifications, and the one thing that it lets others do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

import orjson
import requests
from appstoreserverlibrary.api_client import APIException, AppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.ExtendReasonCode import ExtendReasonCode
from appstoreserverlibrary.models.ExtendRenewalDateRequest import ExtendRenewalDateRequest
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException, VerificationStatus
from cattrs.errors import BaseValidationError

from servicekit.settings import SettingsError
from services.billing.providers.accounts import Account
from services.billing.providers.apple_facts import fact_of, moment
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
    OFFERED,
    Capabilities,
    Capability,
    MethodDetails,
    NotificationUnreadable,
    Outcome,
    ProviderError,
    ProviderGarbage,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
    SignatureInvalid,
)
from services.billing.providers.stores import APPLE
from services.billing.providers.trouble import never_sent

_ENVIRONMENTS = {"production": Environment.PRODUCTION, "sandbox": Environment.SANDBOX}


def of_account(account: Account) -> Apple:
    """The adapter for an account: ``bundle_id``, ``environment`` (production or sandbox), ``app_apple_id``,
    ``issuer_id``, ``key_id``, ``private_key_file`` and ``root_certificate_files``."""
    environment = _ENVIRONMENTS.get(account.text("environment"))
    if environment is None:
        raise SettingsError(f"payment provider account {account.name!r}: environment is production or sandbox")
    try:
        client = AppStoreServerAPIClient(
            account.file("private_key_file"),
            account.text("key_id"),
            account.text("issuer_id"),
            account.text("bundle_id"),
            environment,
        )
    except (TypeError, ValueError):
        raise SettingsError(f"payment provider account {account.name!r}: private_key_file holds no key") from None
    verifier = SignedDataVerifier(
        account.files("root_certificate_files"),
        enable_online_checks=True,
        environment=environment,
        bundle_id=account.text("bundle_id"),
        app_apple_id=account.number("app_apple_id") if environment is Environment.PRODUCTION else None,
    )
    return Apple(client, verifier)


class Apple:
    """One publisher's app in the App Store. Apple charges and refunds by itself, and tells of it."""

    name = "apple"
    capabilities = Capabilities(
        charge=APPLE.charge,
        refund=APPLE.refund,
        partial_refund=APPLE.partial_refund,
        void=APPLE.void,
        detach=APPLE.detach,
        cancel=APPLE.cancel,
        extend=OFFERED,
    )
    renews_itself = True
    # The App Store doesn't promise to recognize a repeated request: always look up first.
    key_lifetime = timedelta(0)
    longest_call = timedelta(seconds=90)

    def __init__(self, client: AppStoreServerAPIClient, verifier: SignedDataVerifier) -> None:
        self._client = client
        self._verifier = verifier

    def describe(self, token: str) -> MethodDetails:
        _refuse(self.capabilities.charge)

    def charge(self, order: Charge) -> Outcome:
        _refuse(self.capabilities.charge)

    def refund(self, order: RefundOrder) -> Outcome:
        _refuse(self.capabilities.refund)

    def void(self, order: VoidOrder) -> Outcome:
        _refuse(self.capabilities.void)

    def detach(self, order: DetachOrder) -> Outcome:
        _refuse(self.capabilities.detach)

    def cancel(self, order: CancelOrder) -> Outcome:
        _refuse(self.capabilities.cancel)

    def extend(self, order: ExtendOrder) -> Outcome:
        if not 1 <= order.days <= 90:
            raise ProviderRefused("extension_invalid", "The App Store moves a renewal by 1 to 90 days.")
        request = ExtendRenewalDateRequest(
            extendByDays=order.days,
            extendReasonCode=ExtendReasonCode.CUSTOMER_SATISFACTION,
            requestIdentifier=order.key,
        )
        try:
            told = self._client.extend_subscription_renewal_date(order.subscription_reference, request)
        except Exception as error:
            raise _translation(error) from error
        if not told.success:
            raise ProviderRefused("extension_refused", "The App Store did not move the renewal.")
        return Settled(reference=told.webOrderLineItemId or "", until=moment(told.effectiveDate))

    def look_up(self, order: Order) -> Outcome | None:
        if not isinstance(order, ExtendOrder):
            return None
        until = self._renewal_of(order.subscription_reference)
        wanted = datetime.fromisoformat(order.renews_at) + timedelta(days=order.days)
        # Whole days after the old date, which in some time zones of Apple's are an hour more or less.
        if until is None or until < wanted - timedelta(hours=2):
            return None
        return Settled(reference="", until=until)

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notification]:
        try:
            signed = orjson.loads(body)["signedPayload"]
            if not isinstance(signed, str):
                raise TypeError("no text")
        except (KeyError, TypeError, ValueError) as error:
            raise NotificationUnreadable("This is no App Store Server Notification.") from error
        try:
            return [self._read(signed)]
        except VerificationException as error:
            if error.status is VerificationStatus.RETRYABLE_VERIFICATION_FAILURE:
                raise ProviderUnavailable("Apple's certificates can't be checked now.", in_doubt=False) from error
            raise SignatureInvalid(f"Not signed by Apple for this app ({error.status.name}).") from error
        except (BaseValidationError, AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise NotificationUnreadable("Signed by Apple, but not as its documentation says.") from error

    def _read(self, signed: str) -> Notification:
        told = self._verifier.verify_and_decode_notification(signed)
        data = told.data
        transaction, renewal = None, None
        if data and data.signedTransactionInfo:
            transaction = self._verifier.verify_and_decode_signed_transaction(data.signedTransactionInfo)
        if data and data.signedRenewalInfo:
            renewal = self._verifier.verify_and_decode_renewal_info(data.signedRenewalInfo)
        occurred_at = moment(told.signedDate)
        if not told.notificationUUID or occurred_at is None:
            raise ValueError("neither its ID nor its time")
        kind, subtype = told.rawNotificationType or "", told.rawSubtype or ""
        return Notification(
            event_id=told.notificationUUID,
            type=f"{kind}.{subtype}" if subtype else kind,
            occurred_at=occurred_at,
            fact=fact_of(kind, subtype, transaction, renewal) if transaction else None,
        )

    def _renewal_of(self, subscription_reference: str) -> datetime | None:
        """When the subscription's present period ends."""
        try:
            told = self._client.get_all_subscription_statuses(subscription_reference)
            for item in (item for group in told.data or [] for item in group.lastTransactions or []):
                if item.originalTransactionId == subscription_reference and item.signedTransactionInfo:
                    return moment(self._transaction(item.signedTransactionInfo).expiresDate)
        except Exception as error:
            raise _translation(error) from error
        raise ProviderRefused("subscription_unknown", "The App Store has no such subscription.")

    def _transaction(self, signed: str) -> JWSTransactionDecodedPayload:
        return self._verifier.verify_and_decode_signed_transaction(signed)


def _refuse(capability: Capability) -> NoReturn:
    raise ProviderRefused(capability.code, capability.reason)


def _translation(error: Exception) -> ProviderError:
    """What an error of Apple's client means; an unknown one comes back as it is."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, APIException):
        return _refusal(error)
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return ProviderGarbage("The App Store's answer could not be read.")
    if isinstance(error, (requests.RequestException, OSError)):
        return ProviderUnavailable("The App Store could not be reached.", in_doubt=not never_sent(error))
    if isinstance(error, (BaseValidationError, VerificationException, AttributeError, KeyError, TypeError, ValueError)):
        return ProviderGarbage("The App Store's answer could not be understood.")
    raise error


def _refusal(error: APIException) -> ProviderError:
    status = error.http_status_code
    if status in (401, 429):
        waits = "doesn't accept the account's key" if status == 401 else "asks to slow down"
        return ProviderUnavailable(f"The App Store {waits}.", in_doubt=False)
    if status >= 500:
        return ProviderUnavailable(f"The App Store answered {status}.", in_doubt=True)
    if status == 404:
        return ProviderRefused("subscription_unknown", "The App Store has no such subscription.")
    if status == 403:
        reason = error.error_message or "it is not active, or was extended twice this year already"
        return ProviderRefused("extension_refused", f"The App Store does not move this renewal: {reason}")
    return ProviderRefused("refused", f"The App Store refused it: {error.error_message or status}")

"""What can be wrong with a request to this service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from servicekit.clock import rfc3339
from servicekit.errors import Conflict, FieldError, Invalid, NotFound, Problem
from services.billing.money import Money


class _Missing(NotFound):
    what = ""

    def __init__(self) -> None:
        super().__init__(f"There is no {self.what} with this ID.")


class CustomerNotFound(_Missing):
    """No such customer at this publisher, as far as billing has been told."""

    code, what = "customer_not_found", "customer"


class OfferNotFound(_Missing):
    """No such offer at this publisher."""

    code, what = "offer_not_found", "offer"


class PaymentMethodNotFound(_Missing):
    """No such payment details at this publisher."""

    code, what = "payment_method_not_found", "payment method"


class SubscriptionNotFound(_Missing):
    """No such subscription at this publisher."""

    code, what = "subscription_not_found", "subscription"


class TransactionNotFound(_Missing):
    """No such transaction at this publisher."""

    code, what = "transaction_not_found", "transaction"


class AccessNotFound(_Missing):
    """No such access at this publisher."""

    code, what = "access_not_found", "access"


class InvoiceNotFound(_Missing):
    """No such invoice at this publisher."""

    code, what = "invoice_not_found", "invoice"


class CustomerErased(Conflict):
    """The customer was anonymized: nothing can be bought or changed any more."""

    code = "customer_anonymized"

    def __init__(self) -> None:
        super().__init__("This customer was anonymized, for good.")


class AccountClosed(Conflict):
    """The customer's billing account takes nothing new."""

    code = "account_closed"

    def __init__(self) -> None:
        super().__init__("This customer's billing account is closed: nothing can be bought any more.")


class ExternalIdTaken(Conflict):
    """Another offer of this publisher has this external ID."""

    code = "external_id_taken"

    def __init__(self) -> None:
        super().__init__(
            "Another offer already has this external ID.",
            errors=[FieldError("/external_id", "Already another offer's.")],
        )


class OrderKnown(Conflict):
    """A transaction of this channel already has this external order ID."""

    code = "external_order_id_taken"

    def __init__(self, transaction_id: str | None = None) -> None:
        told: dict[str, Any] = {"transaction_id": transaction_id} if transaction_id else {}
        super().__init__(
            "A transaction of this channel already has this external order ID.",
            errors=[FieldError("/external_order_id", "Already another transaction's.")],
            **told,
        )


class StoreSubscriptionKnown(Conflict):
    """A subscription of this channel is called by this order ID already: the order began it."""

    code = "external_order_id_taken"

    def __init__(self, subscription_id: str) -> None:
        super().__init__(
            "A subscription of this channel already has this external ID.",
            errors=[FieldError("/external_order_id", "Already another subscription's.")],
            subscription_id=subscription_id,
        )


class ChangedMeanwhile(Problem):
    """Somebody else changed the thing since it was read."""

    status, code, title = 412, "changed_meanwhile", "Changed by somebody else meanwhile"

    def __init__(self, current_etag: str) -> None:
        super().__init__(
            "If-Match is not the present version. Read it again, and decide.", headers={"ETag": current_etag}
        )


class OfferRetired(Conflict):
    """The offer isn't sold any more."""

    code = "offer_retired"

    def __init__(self) -> None:
        super().__init__("This offer is retired: it can't be bought any more. Choose another one.")


class NoPaymentMethod(Conflict):
    """Nothing to charge."""

    code = "no_payment_method"

    def __init__(self) -> None:
        super().__init__("This customer has no usable payment method. Add one, or name one that they have.")


class PaymentMethodUnusable(Conflict):
    """The payment details were deleted, or are another customer's."""

    code = "payment_method_unusable"

    def __init__(self, why: str) -> None:
        super().__init__(why, errors=[FieldError("/payment_method_id", why)])


class PaymentMethodTaken(Conflict):
    """Another customer of this publisher has the same payment details of the provider on file."""

    code = "payment_method_taken"

    def __init__(self) -> None:
        super().__init__(
            "Another customer has these payment details on file. Delete them there first, or use others.",
            errors=[FieldError("/token", "Another customer's.")],
        )


class AlreadySubscribed(Conflict):
    """The customer has this subscription already."""

    code = "already_subscribed"

    def __init__(self, subscription_id: str) -> None:
        super().__init__("This customer already has this subscription.", subscription_id=subscription_id)


class AccessActive(Conflict):
    """Something of the customer still runs, and nobody asked to end it."""

    code = "access_active"

    def __init__(self, count: int, until: datetime | None) -> None:
        lasting = f" until {rfc3339(until)}" if until is not None else ""
        super().__init__(
            f"This customer still has access{lasting}. Ask to end it as well (end_access), or wait until it is over.",
            access_count=count,
        )


class PaymentPending(Conflict):
    """Money of the customer is on its way."""

    code = "payment_pending"

    def __init__(self, transaction_id: str) -> None:
        super().__init__(
            f"A payment of this customer is still on its way. Cancel that transaction ({transaction_id}), "
            "or wait until it is decided.",
            transaction_id=transaction_id,
        )


class PurchasePending(Conflict):
    """The customer is just buying this subscription."""

    code = "purchase_pending"

    def __init__(self, transaction_id: str) -> None:
        super().__init__(
            "A purchase of this subscription waits for its payment. See what becomes of that transaction first.",
            transaction_id=transaction_id,
        )


class RefundExceedsRemaining(Conflict):
    """More than is left of a transaction."""

    code = "refund_exceeds_remaining"

    def __init__(self, remaining: Money) -> None:
        super().__init__(
            f"Only {remaining} of this transaction is left to refund.",
            errors=[FieldError("/amount", f"More than {remaining}.")],
            remaining=remaining.as_json(),
        )


class WrongCurrency(Invalid):
    """An amount in another currency than the thing it is about."""

    code = "currency_mismatch"

    def __init__(self, expected: str, where: str = "/amount/currency") -> None:
        super().__init__(f"The amount must be in {expected}.", errors=[FieldError(where, f"Not {expected}.")])


class ProviderRefusal(Conflict):
    """The payment provider doesn't do this; ``code`` and words are the provider's."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class ActionRefused(Conflict):
    """Something can't be done with a transaction or access as it is; ``code`` says why, and the words what to do."""

    def __init__(self, code: str, reason: str, **extensions: object) -> None:
        super().__init__(reason)
        self.code, self.extensions = code, extensions


class ChoiceRequired(Invalid):
    """Of a partial refund it has to be said what becomes of access and renewals."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            "A partial refund needs the decision whether access ends and whether renewals stop.",
            errors=[FieldError(f"/{name}", "Required where less than what is left is refunded.") for name in missing],
        )


class ExtensionInvalid(Invalid):
    """Access can't be extended to this time."""

    def __init__(self, code: str, reason: str, where: str) -> None:
        super().__init__(reason, errors=[FieldError(where, reason)])
        self.code = code

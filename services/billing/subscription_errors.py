"""Why something can't be done with a subscription, or with payment details."""

from __future__ import annotations

from servicekit.errors import Conflict


class AlreadyCancelled(Conflict):
    """It ends with its period already."""

    code = "already_cancelled"

    def __init__(self) -> None:
        super().__init__("This subscription is cancelled already: it ends with its period.")


class SubscriptionEnded(Conflict):
    """It is over."""

    code = "subscription_ended"

    def __init__(self) -> None:
        super().__init__("This subscription has ended. The customer can buy it again.")


class NotCancelled(Conflict):
    """There is nothing to undo."""

    code = "not_cancelled"

    def __init__(self) -> None:
        super().__init__("This subscription is not cancelled.")


class CancellationPending(Conflict):
    """The store was asked, and has not answered."""

    code = "cancellation_pending"

    def __init__(self) -> None:
        super().__init__("The store was asked to cancel this subscription and has not answered yet.")


class StoreManaged(Conflict):
    """The store does this, nobody else."""

    code = "store_managed"


class NotAtProvider(Conflict):
    """The store's ID of it is not known here."""

    code = "not_at_provider"

    def __init__(self) -> None:
        super().__init__("The store's ID of this subscription is not known here, so the store can't be told.")


class SameOffer(Conflict):
    """It is the offer that the subscription has, or changes to already."""

    code = "same_offer"

    def __init__(self) -> None:
        super().__init__("The subscription already has this offer, or changes to it with its period.")


class OfferNotSubscription(Conflict):
    """Only recurring offers can be switched to."""

    code = "offer_not_subscription"

    def __init__(self) -> None:
        super().__init__("A subscription can only change to another recurring offer.")


class SwitchCurrency(Conflict):
    """The other offer is sold in another currency."""

    code = "currency_mismatch"

    def __init__(self, currency: str) -> None:
        super().__init__(f"A subscription paid in {currency} can only change to an offer in {currency}.")


class SubscriptionPastDue(Conflict):
    """A renewal isn't paid."""

    code = "subscription_past_due"

    def __init__(self) -> None:
        super().__init__("A payment for this subscription failed. It can change when that is paid.")


class SubscriptionCancelled(Conflict):
    """It ends with its period."""

    code = "subscription_cancelled"

    def __init__(self) -> None:
        super().__init__("This subscription is cancelled. Undo that first.")


class SwitchOnlyAtPeriodEnd(Conflict):
    """What is left of the present period is worth too much for the new offer."""

    code = "switch_only_at_period_end"

    def __init__(self) -> None:
        super().__init__(
            "The unused time is worth more than ten years of that offer. Change with the end of the period instead."
        )


class NoPendingSwitch(Conflict):
    """There is no switch to take back."""

    code = "no_pending_switch"

    def __init__(self) -> None:
        super().__init__("This subscription doesn't change to another offer.")


class NothingToRefund(Conflict):
    """Nothing was paid for the present period, or all of it was given back."""

    code = "nothing_to_refund"

    def __init__(self) -> None:
        super().__init__("Nothing that was paid for the present period is left to refund. Cancel without a refund.")

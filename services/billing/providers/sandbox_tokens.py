"""The sandbox's tokens: their names decide what happens to a charge, a refund, a detachment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Manner(Enum):
    """How the answer to an order comes, whatever it is."""

    PROMPT = "at once"
    TWICE = "carried out twice with the same key, as after a repeated request"
    SLOW = "after a while"
    LOST_BEFORE = "the first try gets no answer and does nothing; the next works"
    LOST_AFTER = "the first try gets no answer although it is done; the next gets it"
    LOOK_UP_ONLY = "done, but no try ever gets an answer: only looking up tells"
    GARBAGE = "the first try gets an unreadable answer although it is done"
    DOWN_ONCE = "the first try is turned away; the next works"
    DOWN = "every try is turned away, looking up too"


SETTLES = "settles"
SETTLES_LATER = "settles later"
DECLINED_LATER = "declined later"
UNDECIDED = "undecided"

DECLINES: Mapping[str, tuple[str, bool]] = {
    "card_declined": ("The card was declined.", True),
    "insufficient_funds": ("The card has insufficient funds.", True),
    "do_not_honor": ("The bank declined without a reason.", True),
    "expired_card": ("The card has expired.", False),
    "lost_card": ("The card was reported lost.", False),
    "stolen_card": ("The card was reported stolen.", False),
    "authentication_required": ("The bank wants the customer to confirm this payment.", False),
    "refund_failed": ("The bank did not take the refund.", False),
}
"""Decline code: the message, and whether trying again later makes sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """What a token stands for. ``charges``: what the first, second … charge comes to (the last counts for all later).

    Each is one of the words above or a decline code.
    """

    kind: str = "card"
    brand: str | None = "Visa"
    last4: str | None = "4242"
    expiry: tuple[int, int] | None = (12, 2034)
    charges: tuple[str, ...] = (SETTLES,)
    refund: str = SETTLES
    charging: Manner = Manner.PROMPT
    refunding: Manner = Manner.PROMPT
    detaching: Manner = Manner.PROMPT


TOKENS: Mapping[str, Behavior] = {
    "tok_visa": Behavior(),
    "tok_mastercard": Behavior(brand="Mastercard", last4="4444"),
    "tok_amex": Behavior(brand="American Express", last4="0005"),
    "tok_paypal": Behavior(kind="paypal", brand=None, last4=None, expiry=None),
    "tok_sepa_debit": Behavior(kind="sepa_debit", brand=None, last4="3000", expiry=None, charges=(SETTLES_LATER,)),
    "tok_expiring": Behavior(last4="1881", expiry=(12, 2026)),
    # Declined.
    "tok_declined": Behavior(last4="0002", charges=("card_declined",)),
    "tok_insufficient_funds": Behavior(last4="9995", charges=("insufficient_funds",)),
    "tok_do_not_honor": Behavior(last4="0101", charges=("do_not_honor",)),
    "tok_lost_card": Behavior(last4="9987", charges=("lost_card",)),
    "tok_stolen_card": Behavior(last4="9979", charges=("stolen_card",)),
    "tok_authentication_required": Behavior(last4="3184", charges=("authentication_required",)),
    "tok_expired": Behavior(last4="0069", expiry=(1, 2020), charges=("expired_card",)),
    # The first payment works, renewals don't, or not at first.
    "tok_renewal_insufficient_funds": Behavior(last4="0341", charges=(SETTLES, "insufficient_funds")),
    "tok_renewal_declined_once": Behavior(last4="0342", charges=(SETTLES, "insufficient_funds", SETTLES)),
    "tok_renewal_stolen": Behavior(last4="0343", charges=(SETTLES, "stolen_card")),
    # Decided later.
    "tok_processing": Behavior(last4="0077", charges=(SETTLES_LATER,)),
    "tok_processing_declined": Behavior(last4="0078", charges=(DECLINED_LATER,)),
    "tok_processing_forever": Behavior(last4="0079", charges=(UNDECIDED,)),
    # Trouble on the way.
    "tok_timeout_before": Behavior(charging=Manner.LOST_BEFORE),
    "tok_timeout_after": Behavior(charging=Manner.LOST_AFTER),
    "tok_look_up_only": Behavior(charging=Manner.LOOK_UP_ONLY),
    "tok_twice": Behavior(charging=Manner.TWICE),
    "tok_slow": Behavior(charging=Manner.SLOW),
    "tok_garbage": Behavior(charging=Manner.GARBAGE),
    "tok_down_once": Behavior(charging=Manner.DOWN_ONCE),
    "tok_down": Behavior(charging=Manner.DOWN, refunding=Manner.DOWN, detaching=Manner.DOWN),
    # The charge works, the refund doesn't, or not at first.
    "tok_refund_fails": Behavior(refund="refund_failed"),
    "tok_refund_processing": Behavior(refund=SETTLES_LATER),
    "tok_refund_fails_later": Behavior(refund=DECLINED_LATER),
    "tok_refund_timeout_before": Behavior(refunding=Manner.LOST_BEFORE),
    "tok_refund_timeout_after": Behavior(refunding=Manner.LOST_AFTER),
    "tok_refund_look_up_only": Behavior(refunding=Manner.LOOK_UP_ONLY),
    "tok_refund_garbage": Behavior(refunding=Manner.GARBAGE),
    "tok_refund_twice": Behavior(refunding=Manner.TWICE),
    "tok_refund_slow": Behavior(refunding=Manner.SLOW),
    "tok_refund_down_once": Behavior(refunding=Manner.DOWN_ONCE),
    "tok_refund_down": Behavior(refunding=Manner.DOWN),
    "tok_detach_down_once": Behavior(detaching=Manner.DOWN_ONCE),
    "tok_detach_down": Behavior(detaching=Manner.DOWN),
}


def behavior_of(token: str) -> Behavior | None:
    """The behavior of a token or of the reference made from it (``tok_visa.06gw…``); None: there is no such token."""
    return TOKENS.get(token.partition(".")[0])

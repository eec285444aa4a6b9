"""What an action brings about, in words, with amounts and days as the reader writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from services.console.reader import Reader

# By code; of those that have no amount and no day in them, and of new ones, billing's own words are shown.
_WORDS: Mapping[str, str] = {
    "money_back": "{amount} is given back to the customer.",
    "charge_called_off": "The payment of {amount} is called off.",
    "access_ends": "Access to {offer} ends.",
    "access_until": "Access to {offer} stays until {at}.",
    "access_extended": "Access to {offer} now lasts until {at}; it will last longer.",
    "subscription_ends": "The subscription ends, too.",
    "renewals_stop": "The subscription isn't renewed.",
    "next_payment_cancelled": "The next payment of {amount} on {at} is not taken.",
    "next_payment_unchanged": "The next payment of {amount} is still taken on {at}.",
    "renews": "The subscription goes on: {amount} is taken on {at}, and so on.",
    "charged_now": "{amount} is charged now.",
    "credited": "{amount} for the unused part of the present period is credited.",
    "new_price": "Each period then costs {amount}.",
    "new_period": "The new period runs until {at}.",
    "trial_goes_on": "The trial goes on until {at}.",
    "renewal_without_method": "{offer}: the payment of {amount} on {at} has nothing to charge, and fails.",
    "renewal_moves": "{offer}: the payment of {amount} on {at} is charged to other payment details on file.",
}


def told(consequence: Mapping[str, Any], reader: Reader, offer: str = "") -> Markup:
    """One thing that an action brings about; ``offer`` is the name of what it is about."""
    words = _WORDS.get(str(consequence["code"]))
    amount, at = consequence.get("amount"), consequence.get("at")
    name = (consequence.get("offer") or {}).get("name") or offer
    lacks = words is None or ("{amount}" in words and not amount) or ("{at}" in words and not at)
    if words is None or lacks or ("{offer}" in words and not name):
        return escape(consequence["text"])
    return Markup(words).format(  # noqa: S704 - the words are ours, what is put in is escaped
        amount=reader.money(amount), at=reader.day_of(at), offer=Markup("<bdi>{}</bdi>").format(name)
    )

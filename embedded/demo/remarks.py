"""Made-up notes and flags of the demo customers, by the notes service's own actions."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from embedded.demo.draws import below, draws, share
from embedded.demo.known import demo_customers
from embedded.demo.people import SEED
from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from services.notes.actions import add_note, flag_customer
from services.notes.known import lock_even_unknown
from services.notes.vocabulary import GIVEN_FLAGS

_BATCH = 500
_OF_NOTES = SEED + 1  # what is drawn here has nothing to do with who somebody is
_WITH_NOTES, _WITH_FLAGS, _FLAGGED_NOTES = 30, 9, 20
_YEARS_IN_DAYS = 700
_TEXTS = (
    "Called about the renewal date. Explained that access lasts until the end of the period.",
    "Prefers to be called in the afternoon.",
    "Paid twice by mistake; one payment was refunded the same day.",
    "Asked for an invoice with the company's name on it.",
    "Can't sign in on the television. Sent the steps: https://example.com/help/tv",
    "Moved house, new address confirmed by email.",
    "Thinks about canceling because of the price. Offered the yearly plan.",
    "Very happy with the live events, wants to be told of new ones.",
    "Third refund this year. Ask a colleague before agreeing to the next one.",
    "Writes for a newspaper: pass press questions on to the office.",
    "Speaks little English; answer in writing, and simply.",
    "Reported buffering in the evenings. Provider changed since, seems solved.",
    "Gave the subscription to the daughter as a present. The account stays in this name.",
    "Complaint about advertising emails. Unsubscribed, apologized.",
    "Card was stolen, new one is on file.",
    "Wants to pause for the summer; told that this can't be done yet.",
)
_LEFT = (("stf_00000000000000000000000001", "Kim Okafor"), ("stf_00000000000000000000000002", "Lena Brandt"))
"""Colleagues who don't work here any more: their names stay with what they wrote."""


def fill_notes(
    customers: Database, notes: Database, *, publisher_id: str, owner: tuple[str, str], count: int, now: datetime
) -> None:
    """Write about some of the first ``count`` demo customers; those who have notes or flags are left as they are."""
    authors = [_staff(publisher_id, *who) for who in (owner, *_LEFT)]
    for first in range(1, count + 1, _BATCH):
        with customers.transaction(publisher_id) as session:
            found = demo_customers(session, publisher_id, range(first, min(first + _BATCH, count + 1)))
        with notes.transaction(publisher_id) as session:
            for customer_id, number in sorted((each.id, number) for number, each in found.items()):
                _write(session, publisher_id, customer_id, number, authors, now)


def _write(
    session: Session, publisher_id: str, customer_id: str, number: int, authors: list[Caller], now: datetime
) -> None:
    drawn = draws(_OF_NOTES, number)
    amount = 1 + below(3, drawn[1]) if drawn[0] < share(_WITH_NOTES) else 0
    flagged = drawn[2] < share(_WITH_FLAGS)
    if not amount and not flagged:
        return
    known = lock_even_unknown(session, publisher_id, customer_id)
    if known.erased_at is not None or known.notes_count or known.flags:
        return
    keys = list(GIVEN_FLAGS)
    for nth in range(amount):
        text, author, age, flag, which = drawn[4 + 5 * nth : 9 + 5 * nth]
        add_note(
            session,
            publisher_id=publisher_id,
            customer_id=customer_id,
            text=_TEXTS[below(len(_TEXTS), text)],
            flags=[keys[below(len(keys), which)]] if flag < share(_FLAGGED_NOTES) else [],
            author=authors[below(len(authors), author)],
            now=now,
            written_at=now - timedelta(days=below(_YEARS_IN_DAYS, age), minutes=below(1440, which)),
        )
    if flagged:
        key = keys[below(len(keys), drawn[3])]
        flag_customer(session, publisher_id=publisher_id, customer_id=customer_id, key=key, now=now)


def _staff(publisher_id: str, staff_id: str, name: str) -> Caller:
    return Caller(
        kind="staff", actor_id=staff_id, name=name, publisher_id=publisher_id, role="agent", scopes=frozenset()
    )

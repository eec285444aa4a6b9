"""What is to be written later: renewals are announced, and cards that run out are told of, each once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications import things
from services.notifications.calling import subscription_facts
from services.notifications.mail_settings import settings_of
from services.notifications.models import Reminder
from services.notifications.things import Told

CARD_NOTICE = timedelta(days=30)
"""How long before a card's last day its customer is told."""
RENEWAL, CARD = "renewal_announcement", "card_expiring"
KEPT = ("sub_", "pm_", "txn_")
"""Of which things of billing's the newest state is kept."""
_RENEWS = ("active", "trialing")


def take_in_thing(session: Session, told: Told) -> None:
    """Keep what billing tells of a subscription, payment method or transaction, and plan what is to be written of it.
    What is older than what is known changes nothing."""
    if not things.keep(session, told):
        return
    if told.thing_id.startswith("sub_"):
        _plan_renewal(session, told)
    if told.thing_id.startswith("pm_"):
        _plan_card(session, told)


def _plan_renewal(session: Session, told: Told) -> None:
    """Announce a subscription's next payment, as it is now; what was planned for another one is dropped.

    A period that is shorter than the notice isn't announced.
    """
    data = told.state
    next_payment = _moment(data.get("next_payment_at"))
    goes_on = data.get("status") in _RENEWS and not data.get("cancel_at_period_end") and not things.is_in_app(data)
    days = settings_of(session, told.publisher_id).renewal_notice_days
    due = next_payment - timedelta(days=days) if next_payment is not None else None
    occasion = next_payment.isoformat() if next_payment is not None and goes_on else None
    facts = subscription_facts(session, told.publisher_id, data) if occasion else {}
    _plan(session, told, RENEWAL, occasion, due=due, useless_from=next_payment, facts=facts)


def _plan_card(session: Session, told: Told) -> None:
    """Tell of a card's last month; of one that was deleted nothing."""
    data = told.state
    last_day = _last_moment(data.get("expiry_year"), data.get("expiry_month"))
    usable = data.get("kind") == "card" and data.get("status") == "active" and last_day is not None
    occasion = f"{data['expiry_year']:04d}-{data['expiry_month']:02d}" if usable else None
    facts = {
        "payment_method": {name: data.get(name) for name in ("kind", "brand", "last4")},
        "card_expiry": occasion,
    }
    due = last_day - CARD_NOTICE if last_day is not None else None
    _plan(session, told, CARD, occasion, due=due, useless_from=last_day, facts=facts)


def _plan(
    session: Session,
    told: Told,
    kind: str,
    occasion: str | None,
    *,
    due: datetime | None,
    useless_from: datetime | None,
    facts: Mapping[str, Any],
) -> None:
    """One occasion at a time is planned; one that was written already stays written.

    What had come due before it was told is not begun any more: who imports or starts this service was told of it by
    whatever was there before. What was planned in time stays planned, however late it is written.
    """
    mine = (Reminder.publisher_id == told.publisher_id, Reminder.kind == kind, Reminder.thing_id == told.thing_id)
    open_ = (*mine, Reminder.done_at.is_(None))
    session.execute(delete(Reminder).where(*open_, Reminder.occasion != (occasion or "")))
    if occasion is None or due is None or useless_from is None:
        return
    given = {
        "customer_id": told.customer_id,
        "due_at": due,
        "useless_from": useless_from,
        "facts": {name: value for name, value in facts.items() if value is not None},
    }
    session.execute(update(Reminder).where(*open_).values(**given))
    if due > told.at:
        key = {"publisher_id": told.publisher_id, "kind": kind, "thing_id": told.thing_id, "occasion": occasion}
        session.execute(insert(Reminder).values(**key, **given).on_conflict_do_nothing())


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _last_moment(year: int | None, month: int | None) -> datetime | None:
    """When a card that is good through this month is no longer."""
    if not year or not month:
        return None
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)

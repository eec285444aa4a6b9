"""Subscriptions that run elsewhere until now: from here on they renew, and end, as any other does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from servicekit.errors import Invalid
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from servicekit.imports.keeping import Rejection, keep_rejections
from servicekit.imports.kinds import Contents, Tally
from servicekit.imports.records import Record
from servicekit.imports.tables import ImportJob
from servicekit.outbox import publish_all
from services.billing import events
from services.billing.calendar_rules import after_periods
from services.billing.imports import fields, headings
from services.billing.imports.accounts import count_again, lock_accounts, save_accounts
from services.billing.imports.customers import find_customers
from services.billing.imports.methods import MethodBook
from services.billing.imports.offers import OfferBook
from services.billing.imports.remembering import ANOTHER, earlier_things, remember_things
from services.billing.imports.rows import Row, RowReader
from services.billing.models.access import Access
from services.billing.models.accounts import Account
from services.billing.models.imports import TABLES
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import STORES
from services.billing.money import Money
from services.billing.queries.settings import billing_settings
from services.billing.views.access import access_state
from services.billing.views.subscriptions import subscription_state

_MOST_PERIODS = 2_000
_RETRY_AFTER = timedelta(days=1)
"""When a renewal that failed elsewhere is tried again here."""


def read_subscriptions(job: ImportJob, records: Sequence[Record]) -> Sequence[Row]:
    """What the records say about subscriptions."""
    rows = RowReader(headings.SUBSCRIPTIONS, fields.SUBSCRIPTIONS, job).read_all(records)
    for row in rows:
        _complete(row)
    return rows


def _complete(row: Row) -> None:
    """Check what hangs together, and say what an empty cell stands for."""
    values = row.values
    row.require("offer", "status", "current_period_end")
    if "price" in values and "currency" not in values:
        row.blame("currency", "Missing: in which currency is the price?")
    elif "price" in values:
        price = row.minor("price", values["currency"])
        values["money"] = None if price is None else Money(price, values["currency"])
    started, ends = values.get("started_at"), values.get("current_period_end")
    if started is not None and ends is not None and started >= ends:
        row.blame("started_at", "Not before the end of the present period.")
    channel = values.setdefault("channel", "web")
    if "payment_method" in values and "provider" not in values:
        row.blame("provider", "Missing: whose payment method is it? Say so by set, such as provider=stripe.")
    values.setdefault("provider", channel if channel in STORES else "other")


def work_on_subscriptions(
    session: Session, job: ImportJob, rows: Sequence[Row], contents: Contents, now: datetime
) -> Tally:
    """Make the subscriptions that aren't known yet. Raises NotYet, or IntegrityError where somebody got in between."""
    found = find_customers(session, job, rows, now)
    gone = {rejection.row_number for rejection in found.rejected}
    good = [row for row in rows if not row.faults and row.number not in gone]
    accounts = lock_accounts(session, job.publisher_id, found.customer_of.values(), dry_run=job.dry_run)
    batch = _Batch(session, job, good, accounts, now)
    unchanged = sum(batch.decide(row, found.customer_of[row.number]) for row in good)
    if not job.dry_run:
        batch.carry_out()
    blamed = (row for row in rows if row.faults and row.number not in gone)
    rejected = [*found.rejected, *(Rejection(row.number, row.faults) for row in blamed)]
    keep_rejections(session, TABLES, job, rejected, contents)
    return Tally(created=len(batch.made), unchanged=unchanged, rejected=len(rejected))


class _Batch:
    """One batch of rows whose customers are found and locked."""

    def __init__(
        self, session: Session, job: ImportJob, rows: Sequence[Row], accounts: dict[str, Account], now: datetime
    ) -> None:
        self._session, self._job, self._accounts, self._now = session, job, accounts, now
        self._offers = OfferBook(session, job, {row.values["offer"] for row in rows}, now=now)
        self._zone = billing_settings(session, job.publisher_id).time_zone
        self._methods = MethodBook(session, job, accounts, rows, now=now)
        self._known = self._find_known(rows)
        mine = select(Subscription.customer_id, Subscription.offer_id).where(
            Subscription.publisher_id == job.publisher_id,
            Subscription.customer_id.in_(accounts),
            Subscription.status.in_(RUNNING),
        )
        self._running = {(row.customer_id, row.offer_id) for row in session.execute(mine)}
        self.made: list[tuple[Row, Subscription, Offer]] = []

    def decide(self, row: Row, customer_id: str) -> bool:
        """Make the row's subscription; true if it is there already. Faults are told in the row."""
        if self._accounts[customer_id].status == "closed":
            row.blame("", "The customer's billing account is closed.")
            return False
        known = self._known.get(_key(row))
        if known is not None:
            return self._is_the_same(row, customer_id, known)
        offer = self._offer_for(row)
        status = self._status_of(row)
        if offer is None or row.faults:
            return False
        if status in RUNNING and (customer_id, offer.id) in self._running:
            row.blame("offer", "The customer has a subscription to this offer that has not ended.")
            return False
        method = self._methods.find(row, customer_id)
        if not row.faults:
            self._make(row, customer_id, offer, status, method)
        return False

    def _is_the_same(self, row: Row, customer_id: str, known: Subscription) -> bool:
        """What is here is never changed by a file: it has gone on since."""
        if known.customer_id == customer_id:
            return True
        if "external_id" in row.values:
            row.blame("external_id", "Another customer's subscription has it.")
        else:
            row.blame("", ANOTHER.format(row=row.number, name=self._job.name))
        return False

    def _offer_for(self, row: Row) -> Offer | None:
        values = row.values
        offer = self._offers.find(values["offer"])
        if offer is None and values.get("money") is not None and "period" in values:
            try:
                return self._offers.make(
                    values["offer"], kind="subscription", price=values["money"], tax_percent=Decimal(0),
                    period=values["period"],
                )  # fmt: skip
            except Invalid as error:
                row.blame("offer", error.detail)
                return None
        if offer is None:
            row.blame(
                "offer",
                "No offer has this ID or name. Import the offers first, or give price, currency and period.",
            )
        elif offer.period_unit is None and "period" not in values:
            row.blame("offer", f"The offer is of the kind {offer.kind}, which doesn't recur.")
        return offer

    def _status_of(self, row: Row) -> str:
        status: str = row.values["status"]
        over = row.values["current_period_end"] <= self._now
        if over and status == "cancelled":
            return "expired"
        if over and status not in ("expired", "past_due"):
            row.blame("current_period_end", f"In the past, but the subscription is said to be {status}.")
        return status

    def _make(self, row: Row, customer_id: str, offer: Offer, status: str, method: str | None) -> None:
        values = row.values
        price = values.get("money") or Money(offer.price_minor, offer.currency)
        period = values.get("period") or {"unit": offer.period_unit, "count": offer.period_count}
        made = Subscription(
            id=new_id("sub"),
            publisher_id=self._job.publisher_id,
            customer_id=customer_id,
            offer_id=offer.id,
            status=status,
            status_before="active" if status == "cancelled" else None,
            channel=values["channel"],
            provider=values["provider"],
            payment_method_id=method,
            external_id=values.get("external_id"),
            price_minor=price.amount_minor,
            currency=price.currency,
            period_unit=period["unit"],
            period_count=period["count"],
            time_zone=self._zone,
            trial_end=values["current_period_end"] if status == "trialing" else None,
            cancel_at_period_end=status == "cancelled",
            cancelled_at=self._now if status == "cancelled" else None,
            attempt=int(status == "past_due"),
            past_due_since=values["current_period_end"] if status == "past_due" else None,
            origin="import",
            version=1,
            **_periods(values, period, self._zone),
        )
        over = status == "expired"
        made.ended_at, made.ended_reason = (made.current_period_end, "import") if over else (None, None)
        retry = self._now + _RETRY_AFTER if made.attempt else made.current_period_end
        made.next_attempt_at = None if over else max(made.current_period_end, retry)
        self.made.append((row, made, offer))
        self._known[_key(row)] = made
        if not over:
            self._running.add((customer_id, offer.id))

    def carry_out(self) -> None:
        """Write everything, and publish each thing, then each account."""
        session = self._session
        access = [_access(made) for _, made, _ in self.made if made.status in RUNNING]
        session.add_all([*self._methods.made, *(made for _, made, _ in self.made), *access])
        session.flush()
        remember_things(
            session, self._job, [(row.number, made.id) for row, made, _ in self.made if "external_id" not in row.values]
        )
        offers = {offer.id: offer for _, _, offer in self.made}
        told = [
            *(self._event(events.METHOD_ATTACHED, each, self._methods.state(each)) for each in self._methods.made),
            *(
                self._event(events.SUBSCRIPTION_IMPORTED, made, subscription_state(made, offer))
                for _, made, offer in self.made
            ),
            *(self._event(events.ACCESS_GRANTED, each, access_state(each, offers[each.offer_id])) for each in access),
        ]
        changed = [self._accounts[each] for each in sorted({made.customer_id for _, made, _ in self.made})]
        count_again(session, self._job.publisher_id, changed, now=self._now)
        publish_all(session, [*told, *save_accounts(session, changed, now=self._now)])

    def _event(self, kind: EventType, thing: Any, state: dict[str, Any]) -> Event:
        return events.event_of(
            kind,
            publisher_id=thing.publisher_id,
            subject=thing.id,
            version=thing.version,
            datasubject=thing.customer_id,
            data=state,
            now=self._now,
        )

    def _find_known(self, rows: Sequence[Row]) -> dict[tuple[str, str], Subscription]:
        earlier = earlier_things(self._session, self._job, [r.number for r in rows if "external_id" not in r.values])
        named = {row.values["external_id"] for row in rows if "external_id" in row.values}
        found = self._session.scalars(
            select(Subscription).where(
                Subscription.publisher_id == self._job.publisher_id,
                or_(Subscription.external_id.in_(named), Subscription.id.in_(earlier.values())),
            )
        ).all()
        by_id = {each.id: each for each in found}
        known = {(each.channel, each.external_id): each for each in found if each.external_id is not None}
        return known | {("", str(number)): by_id[each] for number, each in earlier.items() if each in by_id}


def _key(row: Row) -> tuple[str, str]:
    values = row.values
    return (values["channel"], values["external_id"]) if "external_id" in values else ("", str(row.number))


def _access(made: Subscription) -> Access:
    return Access(
        id=new_id("acc"),
        publisher_id=made.publisher_id,
        customer_id=made.customer_id,
        offer_id=made.offer_id,
        subscription_id=made.id,
        starts_at=made.started_at,
        ends_at=made.current_period_end,
        reason="import",
        version=1,
    )


def _periods(values: dict[str, Any], period: dict[str, Any], zone: str) -> dict[str, Any]:
    """Which period it is in: counted from its start if the present one ends as the calendar has it, else from there."""
    unit, count, ends = period["unit"], period["count"], values["current_period_end"]
    before = after_periods(ends, unit, count, -1, zone)
    started = values.get("started_at", before)
    number = _number_of(started, ends, unit, count, zone) if "started_at" in values else 0
    begins = after_periods(started, unit, count, number - 1, zone) if number else max(before, started)
    return {
        "started_at": started,
        "anchor_at": started if number else ends,
        "period_number": number,
        "current_period_start": begins,
        "current_period_end": ends,
    }


def _number_of(started: datetime, ends: datetime, unit: str, count: int, zone: str) -> int:
    """After how many periods that is, 0 if after no whole number of them."""
    days = {"day": 1, "week": 7, "month": 28, "year": 365}[unit] * count
    guess = min((ends - started).days // days + 1, _MOST_PERIODS)
    for number in range(guess, 0, -1):
        moment = after_periods(started, unit, count, number, zone)
        if moment == ends:
            return number
        if moment < ends:
            return 0
    return 0

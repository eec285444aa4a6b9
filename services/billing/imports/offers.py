"""Offers: imported themselves, and those that subscriptions and transactions name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from servicekit.errors import Invalid
from servicekit.ids import new_id
from servicekit.imports.keeping import Rejection, keep_rejections
from servicekit.imports.kinds import Contents, Tally
from servicekit.imports.records import Record
from servicekit.imports.tables import ImportJob
from services.billing import events
from services.billing.actions.offers import create_offer, edit_offer
from services.billing.errors import ExternalIdTaken
from services.billing.imports import fields, headings
from services.billing.imports.remembering import earlier_things, remember_things
from services.billing.imports.rows import Row, RowReader
from services.billing.models.imports import TABLES
from services.billing.models.offers import Offer
from services.billing.money import Money

MOST_MADE = 2_000
"""So many offers a publisher may have before imports make no more of them by themselves: then a column that names
something else than offers was taken for one."""

UNNAMED = "Imported purchases"
"""The offer of transactions that name none."""

_UNLESS_SAID = {"external_id": None, "status": "active", "tax_percent": Decimal(0), "period": None, "trial_days": 0}
_AS_GIVEN = ("external_id", "name", "kind", "status", "tax_percent", "period", "trial_days")


class OfferBook:
    """A publisher's offers as rows name them: by our ID, the publisher's ID, or the name. In a dry run none is made."""

    def __init__(self, session: Session, job: ImportJob, named: Collection[str], *, now: datetime) -> None:
        self._session = session
        self._job = job
        self._now = now
        self._by_text: dict[str, Offer] = {}
        self._count: int | None = None
        found = session.scalars(
            select(Offer)
            .where(
                Offer.publisher_id == job.publisher_id,
                or_(Offer.id.in_(named), Offer.external_id.in_(named), Offer.name.in_(named)),
            )
            .order_by(Offer.status, Offer.id)  # of several of one name the one that is sold, the oldest
        ).all()
        for name in ("name", "external_id", "id"):
            self._by_text |= {getattr(offer, name) or "": offer for offer in reversed(found)}

    def find(self, text: str) -> Offer | None:
        """The offer that is named so."""
        return self._by_text.get(text)

    def make(
        self, text: str, *, kind: str, price: Money, tax_percent: Decimal, period: Mapping[str, Any] | None
    ) -> Offer:
        """A retired offer of this name, for what was once sold: nobody can buy it. Raises Invalid for too many."""
        if self._count is None:
            mine = select(func.count()).where(Offer.publisher_id == self._job.publisher_id)
            self._count = self._session.scalar(mine) or 0
        if self._count >= MOST_MADE:
            raise Invalid(
                f"There are {self._count} offers, and none is named so. Import the offers first, or leave this "
                "column out if it doesn't name offers."
            )
        self._count += 1
        offer = Offer(
            id=new_id("off"),
            publisher_id=self._job.publisher_id,
            external_id=None,
            name=text,
            kind=kind,
            status="retired",
            price_minor=price.amount_minor,
            currency=price.currency,
            tax_percent=tax_percent,
            period_unit=period["unit"] if period else None,
            period_count=period["count"] if period else None,
            trial_days=0,
            created_at=self._now,
            version=1,
        )
        if not self._job.dry_run:
            self._session.add(offer)
            events.publish_offer(self._session, events.OFFER_CREATED, offer, now=self._now)
        self._by_text[text] = offer
        return offer


def read_offers(job: ImportJob, records: Sequence[Record]) -> Sequence[Row]:
    """What the records say about offers."""
    rows = RowReader(headings.OFFERS, fields.OFFERS, job).read_all(records)
    for row in rows:
        row.require("name", "price", "currency")
        price = row.minor("price", row.values["currency"]) if "currency" in row.values else None
        if price is not None:
            row.values["price"] = Money(price, row.values["currency"])
        recurring = row.values.setdefault("kind", "subscription" if "period" in row.values else "single")
        if recurring in ("subscription", "pass") and "period" not in row.values:
            row.blame("period", f"An offer of the kind {recurring} needs a period, such as month.")
    return rows


def work_on_offers(session: Session, job: ImportJob, rows: Sequence[Row], contents: Contents, now: datetime) -> Tally:
    """Make or change the offers that the rows are about."""
    _blame_repeated(rows)
    good = [row for row in rows if not row.faults]
    known = _known(session, job, good)
    created, updated, remembered = 0, 0, []
    for row in good:
        data = {name: row.values[name] for name in (*_AS_GIVEN, "price") if name in row.values}
        offer = known.get(row.number)
        try:
            if offer is None:
                offer = _created(session, job, data, now)
                created += 1
            elif _edited(session, job, offer, data, now):
                updated += 1
        except (Invalid, ExternalIdTaken) as error:
            row.blame("", " ".join([error.detail, *(each.message for each in error.errors)]))
            continue
        if "external_id" not in data:
            remembered.append((row.number, offer.id))
    if not job.dry_run:
        remember_things(session, job, remembered)
    rejected = [Rejection(row.number, row.faults) for row in rows if row.faults]
    keep_rejections(session, TABLES, job, rejected, contents)
    return Tally(created, updated, len(rows) - created - updated - len(rejected), len(rejected))


def _known(session: Session, job: ImportJob, rows: Sequence[Row]) -> dict[int, Offer]:
    """The offers that rows are about, by external ID, else by the row's number in an earlier import."""
    by_id = {row.values["external_id"]: row.number for row in rows if "external_id" in row.values}
    earlier = earlier_things(session, job, [row.number for row in rows if "external_id" not in row.values])
    mine = select(Offer).where(Offer.publisher_id == job.publisher_id)
    wanted = or_(Offer.external_id.in_(by_id), Offer.id.in_(earlier.values()))
    found = session.scalars(mine.where(wanted)).all()
    by_external, by_own = {offer.external_id: offer for offer in found}, {offer.id: offer for offer in found}
    known: dict[int, Offer] = {}
    for row in rows:
        offer = by_external.get(row.values["external_id"]) if "external_id" in row.values else None
        offer = offer or by_own.get(earlier.get(row.number, ""))
        if offer is not None:
            known[row.number] = offer
    return known


def _blame_repeated(rows: Sequence[Row]) -> None:
    """Of two rows of a batch with one ID the first counts."""
    seen: dict[str, int] = {}
    for row in rows:
        external_id = row.values.get("external_id")
        if external_id is not None and not row.faults:
            if external_id in seen:
                row.blame("external_id", f"The same as in row {seen[external_id]} of this file.")
            seen.setdefault(external_id, row.number)


def _created(session: Session, job: ImportJob, data: Mapping[str, Any], now: datetime) -> Offer:
    whole = {**_UNLESS_SAID, **data}
    if not job.dry_run:
        return create_offer(session, publisher_id=job.publisher_id, data=whole, now=now)
    with session.begin_nested() as savepoint:
        offer = create_offer(session, publisher_id=job.publisher_id, data=whole, now=now)
        savepoint.rollback()
    return offer


def _edited(session: Session, job: ImportJob, offer: Offer, data: Mapping[str, Any], now: datetime) -> bool:
    """Whether the row changed something."""
    before = offer.version
    if not job.dry_run:
        return _edit(session, job, offer, data, now).version != before
    with session.begin_nested() as savepoint:
        changed = _edit(session, job, offer, data, now).version != before
        savepoint.rollback()
    return changed


def _edit(session: Session, job: ImportJob, offer: Offer, data: Mapping[str, Any], now: datetime) -> Offer:
    return edit_offer(
        session, publisher_id=job.publisher_id, offer_id=offer.id, data=data, expected_version=None, now=now
    )

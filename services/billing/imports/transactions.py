"""Transactions of the past: decided row by row in memory, carried out in a few statements for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy.orm import Session

from servicekit.db.bulk import insertion, send
from servicekit.errors import Invalid
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.imports.keeping import (
    Rejection,
    identity_hash,
    keep_identities,
    keep_rejections,
)
from servicekit.imports.kinds import Contents, Tally
from servicekit.imports.tables import ImportJob
from servicekit.outbox import publish_all
from services.billing import events
from services.billing.actions.accounts import count_money, count_transaction
from services.billing.imports.accounts import lock_accounts, save_accounts
from services.billing.imports.customers import find_customers
from services.billing.imports.offers import UNNAMED, OfferBook
from services.billing.imports.remembering import ANOTHER, remember_things
from services.billing.imports.rows import Row
from services.billing.imports.transaction_lookup import Known, find_known, find_subscriptions
from services.billing.imports.transaction_rows import columns_of, has_own_id, keys_of, order_identity
from services.billing.models.accounts import Account
from services.billing.models.imports import TABLES
from services.billing.models.offers import Offer
from services.billing.models.transactions import SETTLED, Refund, Transaction
from services.billing.money import Money
from services.billing.views.transactions import transaction_state

_COLUMNS = [column.name for column in Transaction.__table__.columns]
_TRANSACTIONS, _REFUNDS = insertion(Transaction.__table__), insertion(Refund.__table__)


def work_on_transactions(
    session: Session, job: ImportJob, rows: Sequence[Row], contents: Contents, now: datetime
) -> Tally:
    """Make the transactions that aren't known yet. Raises NotYet, or IntegrityError where somebody got in between."""
    found = find_customers(session, job, rows, now)
    gone = {rejection.row_number for rejection in found.rejected}
    good = [row for row in rows if not row.faults and row.number not in gone]
    accounts = lock_accounts(session, job.publisher_id, found.customer_of.values(), dry_run=job.dry_run)
    batch = _Batch(session, job, good, found.customer_of, accounts, now)
    unchanged = batch.decide()
    if job.dry_run:
        keep_identities(session, TABLES, job, batch.seen_now)
    else:
        batch.carry_out()
    blamed = (row for row in rows if row.faults and row.number not in gone)
    rejected = [*found.rejected, *(Rejection(row.number, row.faults) for row in blamed)]
    keep_rejections(session, TABLES, job, rejected, contents)
    return Tally(created=len(batch.made), unchanged=unchanged, rejected=len(rejected))


class _Batch:
    """One batch of rows whose customers are found and locked."""

    def __init__(
        self, session: Session, job: ImportJob, rows: Sequence[Row], customer_of: dict[int, str],
        accounts: dict[str, Account], now: datetime,
    ) -> None:  # fmt: skip
        self._session, self._job, self._now = session, job, now
        self._rows, self._customer_of, self._accounts = rows, customer_of, accounts
        self._offers = OfferBook(session, job, {row.values.get("offer", UNNAMED) for row in rows}, now=now)
        self._subscriptions = find_subscriptions(session, job, rows)
        self._known = find_known(session, job, rows, customer_of)
        self.made: list[tuple[Row, Offer, Any]] = []
        self.refunds: list[Refund] = []
        self.seen_now: list[tuple[bytes, int]] = []

    def decide(self) -> int:
        """What becomes of each row, in their order; how many say nothing new. Faults are told in the rows."""
        unchanged = 0
        for row in self._rows:
            customer_id = self._customer_of[row.number]
            if self._accounts[customer_id].status == "closed":
                row.blame("", "The customer's billing account is closed.")
                continue
            known = self._known_for(row)
            if known is not None:
                unchanged += self._is_the_same(row, customer_id, known)
                continue
            offer = self._offer_for(row)
            subscription_id = self._subscription_for(row, customer_id)
            if offer is not None and not row.faults:
                self._make(row, customer_id, offer, subscription_id)
        return unchanged

    def _known_for(self, row: Row) -> Known | None:
        return next((self._known[key] for key in keys_of(row) if key in self._known), None)

    def _is_the_same(self, row: Row, customer_id: str, known: Known) -> bool:
        values = row.values
        same = (known.amount_minor, known.currency, known.customer_id) == (
            values["amount_minor"], values["currency"], customer_id,
        )  # fmt: skip
        if "external_order_id" not in values and "provider_reference" not in values:
            if not same or known.created_at != values["created_at"]:
                row.blame("", ANOTHER.format(row=row.number, name=self._job.name))
                return False
        elif not same:
            field = "external_order_id" if "external_order_id" in values else "provider_reference"
            where = f" in row {known.row_number} of this file" if known.row_number else ""
            row.blame(field, f"Another transaction has it{where}, of another customer or amount.")
            return False
        return True

    def _offer_for(self, row: Row) -> Offer | None:
        named = row.values.get("offer", UNNAMED)
        offer = self._offers.find(named)
        if offer is not None:
            return offer
        price = Money(row.values["amount_minor"], row.values["currency"])
        percent = row.values.get("tax_percent", Decimal(0))
        try:
            return self._offers.make(named, kind="single", price=price, tax_percent=percent, period=None)
        except Invalid as error:
            row.blame("offer", error.detail)
            return None

    def _subscription_for(self, row: Row, customer_id: str) -> str | None:
        external_id = row.values.get("subscription_external_id")
        if external_id is None:
            return None
        found, owner = self._subscriptions.get(external_id, (None, None))
        if found is None:
            row.blame("subscription_external_id", "No subscription has this ID. Import the subscriptions first.")
        elif owner != customer_id:
            row.blame("subscription_external_id", "Another customer's subscription.")
        return found

    def _make(self, row: Row, customer_id: str, offer: Offer, subscription_id: str | None) -> None:
        account = self._accounts[customer_id]
        made = SimpleNamespace(**dict.fromkeys(_COLUMNS))
        vars(made).update(columns_of(row, offer))
        made.id, made.publisher_id, made.customer_id = new_id("txn"), self._job.publisher_id, customer_id
        made.offer_id, made.subscription_id = offer.id, subscription_id
        if made.refunded_minor:
            made.version = 3  # begun, paid, and given back
            self.refunds.append(self._refund(made))
        count_transaction(account, cast("Transaction", made))
        if made.status in SETTLED:
            count_money(account, made.currency, made.amount_minor - made.refunded_minor)
        self.made.append((row, offer, made))
        known = Known(made.id, made.amount_minor, made.currency, customer_id, made.created_at, row.number)
        for key in keys_of(row):
            self._known[key] = known
        if self._job.dry_run and (order := order_identity(row)) is not None:
            self.seen_now.append((identity_hash(self._job.id, order), row.number))

    def _refund(self, made: Any) -> Refund:
        return Refund(
            id=new_id("ref"),
            publisher_id=made.publisher_id,
            customer_id=made.customer_id,
            transaction_id=made.id,
            amount_minor=made.refunded_minor,
            currency=made.currency,
            status="succeeded",
            reason="other",
            ends_access=False,
            stops_renewals=False,
            requested_by=self._job.editor_id,
            requested_at=made.created_at,
            settled_at=made.created_at,
        )

    def carry_out(self) -> None:
        """Write everything, and publish each transaction, then each account."""
        session = self._session
        session.flush()
        send(session, _TRANSACTIONS, [vars(made) for _, _, made in self.made])
        send(session, _REFUNDS, [_row_of(refund) for refund in self.refunds])
        unnamed = [(row.number, made.id) for row, _, made in self.made if not has_own_id(row)]
        remember_things(session, self._job, unnamed)
        refunds = {refund.transaction_id: [refund] for refund in self.refunds}
        told = [self._event(offer, made, refunds.get(made.id, [])) for _, offer, made in self.made]
        changed = dict.fromkeys(made.customer_id for _, _, made in self.made)
        accounts = [self._accounts[customer_id] for customer_id in sorted(changed)]
        publish_all(session, [*told, *save_accounts(session, accounts, now=self._now)])

    def _event(self, offer: Offer, made: Any, refunds: Sequence[Refund]) -> Event:
        return events.event_of(
            events.TRANSACTION_IMPORTED,
            publisher_id=made.publisher_id,
            subject=made.id,
            version=made.version,
            datasubject=made.customer_id,
            data=transaction_state(made, offer, refunds),
            now=self._now,
        )


def _row_of(refund: Refund) -> dict[str, Any]:
    return {column.name: getattr(refund, column.name) for column in Refund.__table__.columns}

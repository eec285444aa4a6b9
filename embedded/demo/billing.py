"""Demo customers' purchases into an installation, by billing's own imports: with counters, events and all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from embedded.demo.people import SEED, DemoCustomer
from embedded.demo.purchases import Rows, bought, offers
from servicekit.db.database import Database
from servicekit.ids import new_id
from servicekit.imports.layout import Wishes, lay_out
from servicekit.imports.records import Record
from services.billing.actions.invoices import issue_invoice
from services.billing.actions.people import take_customers
from services.billing.imports.kinds import IMPORTS
from services.billing.inbound import customer_told
from services.billing.models.imports import BillingImport
from services.billing.models.invoices import Invoice
from services.billing.models.transactions import Transaction
from services.customers.models import Customer
from services.customers.views import customer_state

_NAME = "demo"
_INVOICED = timedelta(days=31)
_FIRST_VERSION = 1


def fill_billing(
    customers: Database,
    billing: Database,
    *,
    publisher_id: str,
    people: Sequence[DemoCustomer],
    first: int,
    now: datetime,
) -> None:
    """What these customers bought, of whom the first has that number; what is there already is left as it is."""
    with customers.transaction(publisher_id) as session:
        mine = (Customer.publisher_id == publisher_id, Customer.email.in_([person.email for person in people]))
        known = session.scalars(select(Customer).where(*mine)).all()
        told = [customer_told(each.id, _FIRST_VERSION, customer_state(each)) for each in known]
    by_email = {each.email: each for each in known}
    subscriptions: Rows = []
    transactions: Rows = []
    for number, person in enumerate(people, first):
        customer = by_email[person.email]
        found = bought(
            SEED,
            number,
            external_id=person.external_id,
            currency=person.currency,
            since=customer.registered_at,
            now=now,
        )
        subscriptions += found.subscriptions
        transactions += found.transactions
    with billing.transaction(publisher_id) as session:
        take_customers(session, publisher_id=publisher_id, told=told)
        if first == 1:
            _import(session, publisher_id, "offers", offers(), now)
        _import(session, publisher_id, "subscriptions", subscriptions, now)
        _import(session, publisher_id, "transactions", transactions, now)
        _invoice(session, publisher_id, [each.id for each in known], now)


def _import(session: Session, publisher_id: str, name: str, rows: Rows, now: datetime) -> None:
    """As if a file with these rows had been imported. Raises ValueError for a row that is refused."""
    kind = IMPORTS.kinds[name]
    rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if not keys:
        return
    job = BillingImport(
        id=new_id("imp"), publisher_id=publisher_id, kind=name, name=_NAME, dry_run=False, received_at=now,
        layout=lay_out(kind.vocabulary, keys, Wishes(), nested=True).to_json(), editor_id="svc_demo",
        editor_name="Demo data", editor_kind="service",
    )  # fmt: skip
    contents = dict(enumerate(rows, 1))
    read = kind.read(job, [Record(number, row, 0) for number, row in contents.items()])
    if faults := [(row.number, row.faults) for row in read if row.faults]:
        raise ValueError(f"demo data of {name}: {faults[:3]}")
    done = kind.work(session, job, read, {}, now)
    if done.rejected:
        raise ValueError(f"demo data of {name}: {[(row.number, row.faults) for row in read if row.faults][:3]}")


def _invoice(session: Session, publisher_id: str, customer_ids: Sequence[str], now: datetime) -> None:
    """Invoices of what was lately paid on the web, in its order, numbered in that."""
    invoiced = select(Invoice.transaction_id).where(Invoice.publisher_id == publisher_id)
    recent = select(Transaction).where(
        Transaction.publisher_id == publisher_id,
        Transaction.customer_id.in_(customer_ids),
        Transaction.status == "succeeded",
        Transaction.channel == "web",
        Transaction.created_at >= now - _INVOICED,
        Transaction.id.not_in(invoiced),
    )
    for paid in session.scalars(recent.order_by(Transaction.created_at, Transaction.id)):
        issue_invoice(session, paid, now=paid.created_at)

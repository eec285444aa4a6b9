"""A customer's billing account, to read."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.errors import CustomerNotFound
from services.billing.models.accounts import Account, blank_account
from services.billing.models.people import KnownCustomer


def get_account(session: Session, publisher_id: str, customer_id: str) -> Account:
    """The customer's account; a blank one where nothing has happened yet. Raises CustomerNotFound."""
    mine = (Account.customer_id == customer_id, Account.publisher_id == publisher_id)
    account = session.scalars(select(Account).where(*mine)).one_or_none()
    if account is not None:
        return account
    require_customer(session, publisher_id, customer_id)
    return blank_account(publisher_id, customer_id)


def require_customer(session: Session, publisher_id: str, customer_id: str) -> None:
    """Raise CustomerNotFound unless billing knows this customer, erased or not."""
    known = select(KnownCustomer.customer_id).where(
        KnownCustomer.customer_id == customer_id, KnownCustomer.publisher_id == publisher_id
    )
    if session.scalars(known).one_or_none() is None:
        raise CustomerNotFound


def version_token(session: Session, publisher_id: str, customer_id: str) -> str:
    """What a write returns, for search to be asked for an index that has it."""
    statement = select(Account.version).where(Account.customer_id == customer_id, Account.publisher_id == publisher_id)
    return f"{customer_id}.billing.{session.scalar(statement) or 0}"

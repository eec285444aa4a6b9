"""Billing asked directly, where it is in the same process as the customers service."""

from __future__ import annotations

from servicekit import clock
from servicekit.db.database import Database
from servicekit.errors import Conflict
from services.billing.actions.closing import close_account
from services.customers.errors import BillingRefused


class BillingInProcess:
    """``database`` is billing's, as the role ``app``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close_account(self, publisher_id: str, customer_id: str, *, end_access: bool) -> None:
        """Close a customer's billing account. Raises BillingRefused."""
        try:
            with self._database.transaction(publisher_id) as session:
                close_account(
                    session,
                    publisher_id=publisher_id,
                    customer_id=customer_id,
                    end_running=end_access,
                    now=clock.now(),
                )
        except Conflict as refusal:
            raise BillingRefused(refusal.code, refusal.detail) from refusal

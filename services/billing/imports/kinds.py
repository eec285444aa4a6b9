"""What this service imports."""

from __future__ import annotations

from servicekit.imports.kinds import Imports, Kind
from services.billing.imports import headings
from services.billing.imports.offers import read_offers, work_on_offers
from services.billing.imports.subscriptions import read_subscriptions, work_on_subscriptions
from services.billing.imports.transaction_rows import read_transactions
from services.billing.imports.transactions import work_on_transactions
from services.billing.models.imports import TABLES

IMPORTS = Imports(
    "billing",
    TABLES,
    {
        "offers": Kind(headings.OFFERS, read_offers, work_on_offers),
        "subscriptions": Kind(headings.SUBSCRIPTIONS, read_subscriptions, work_on_subscriptions),
        "transactions": Kind(headings.TRANSACTIONS, read_transactions, work_on_transactions, most_rows=2_000),
    },
)

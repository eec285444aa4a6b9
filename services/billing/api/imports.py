"""The addresses of imports: the kit's, for files of offers, subscriptions and transactions."""

from __future__ import annotations

from servicekit.imports.routes import ImportSite, import_blueprint
from services.billing.api.common import PREFIX
from services.billing.imports.kinds import IMPORTS

_TABLE = "Order ID,Email,Date,Amount,Currency\nA-10042,anna@example.com,2026-03-12,12.99,EUR\n"
_OBJECTS = (
    '{"external_order_id": "A-10042", "customer_email": "anna@example.com", "created_at": "2026-03-12", '
    '"amount": "12.99", "currency": "EUR"}\n'
)
_BAD_TABLE = (
    "row,column,reason,Order ID,Amount\n7,Amount,Too many decimals: EUR has at most 2 decimals.,A-10048,1.005\n"
)
_BAD_OBJECTS = (
    '{"row": 7, "column": "amount", "reason": "Too many decimals: EUR has at most 2 decimals.", "amount": "1.005"}\n'
)

blueprint = import_blueprint(
    ImportSite(
        imports=IMPORTS,
        path=f"{PREFIX}/imports",
        scope="billing:import",
        tag="billing imports",
        description="Offers, subscriptions and transactions from files.",
        noun="billing_import",
        table=_TABLE,
        objects=_OBJECTS,
        bad_table=_BAD_TABLE,
        bad_objects=_BAD_OBJECTS,
    )
)

"""What a row says about a transaction, and by what that is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicekit.imports.records import Record
from servicekit.imports.tables import ImportJob
from services.billing.actions.transactions import order_key
from services.billing.imports import fields, headings
from services.billing.imports.rows import Row, RowReader
from services.billing.models.offers import Offer
from services.billing.models.transactions import SETTLED, STORES
from services.billing.money import tax_in

Key = tuple[str, str, str]
"""``order``, channel and order ID; ``reference``, provider and its ID; or ``row``, nothing and the row's number."""


def read_transactions(job: ImportJob, records: Sequence[Record]) -> Sequence[Row]:
    """What the records say about transactions."""
    reader = RowReader(headings.TRANSACTIONS, fields.TRANSACTIONS, job)
    rows = reader.read_all(records)
    from_stripe = reader.shape == headings.STRIPE_PAYMENTS
    for row in rows:
        if from_stripe:
            row.values.setdefault("provider", "stripe")
            if "provider_reference" in row.values:
                row.values.setdefault("external_order_id", row.values["provider_reference"])
        _complete(row)
    return rows


def _complete(row: Row) -> None:
    """Check what hangs together, and say what an empty cell stands for."""
    values = row.values
    row.require("created_at", "amount", "currency")
    currency = values.get("currency")
    if currency is None:
        return
    amount, refunded = row.minor("amount", currency), row.minor("refunded", currency)
    tax = row.minor("tax", currency)
    if amount is None:
        return
    status = values.setdefault("status", "succeeded")
    if status in ("failed", "cancelled"):
        refunded = 0
    elif refunded is None:
        if status == "partially_refunded":
            row.blame("refunded", "Missing: how much was given back?")
        refunded = amount if status == "refunded" else 0
    if refunded > amount:
        row.blame("refunded", "More than was paid.")
    if tax is not None and tax > amount:
        row.blame("tax", "More than the amount, which includes it.")
    if status in SETTLED and refunded:
        status = "refunded" if refunded == amount else "partially_refunded"
    elif status in SETTLED and not (status == "refunded" and amount == 0):
        status = "succeeded"
    channel = values.setdefault("channel", "web")
    values.setdefault("provider", channel if channel in STORES else "other")
    values |= {"status": status, "amount_minor": amount, "refunded_minor": refunded, "tax_minor": tax}


def columns_of(row: Row, offer: Offer) -> dict[str, Any]:
    """The columns of the transaction that a row makes, as far as the row and the offer say them."""
    values = row.values
    amount, tax, order_id = values["amount_minor"], values["tax_minor"], values.get("external_order_id")
    percent = values.get("tax_percent", offer.tax_percent)
    return {
        "kind": values.get("kind", "purchase"),
        "amount_minor": amount,
        "tax_minor": tax_in(amount, percent) if tax is None else tax,
        "refunded_minor": values["refunded_minor"],
        "refunding_minor": 0,
        "currency": values["currency"],
        "status": values["status"],
        "channel": values["channel"],
        "provider": values["provider"],
        "provider_reference": values.get("provider_reference"),
        "payment_method": _method(values),
        "external_order_id": order_id,
        "external_order_key": None if order_id is None else order_key(order_id),
        "origin": "import",
        "created_at": values["created_at"],
        "settled_at": values["created_at"],
        "version": 1,
    }


def _method(values: dict[str, Any]) -> dict[str, Any] | None:
    if values["channel"] in STORES:
        return {"id": None, "kind": "store", "brand": values["channel"], "last4": None}
    brand, last4 = values.get("card_brand"), values.get("card_last4")
    if brand is None and last4 is None:
        return None
    return {"id": None, "kind": "card", "brand": brand.lower() if brand else None, "last4": last4}


def has_own_id(row: Row) -> bool:
    """Whether the row's transaction is known by something else than the row's number."""
    return "external_order_id" in row.values or "provider_reference" in row.values


def keys_of(row: Row) -> Sequence[Key]:
    """By what the row's transaction is known: its order ID, the provider's ID, else its number."""
    if not row.keys:
        row.keys = _keys_of(row)
    return row.keys


def _keys_of(row: Row) -> list[Key]:
    values, keys = row.values, list[Key]()
    if "external_order_id" in values:
        keys.append(("order", values["channel"], order_key(values["external_order_id"])))
    if "provider_reference" in values:
        keys.append(("reference", values["provider"], values["provider_reference"]))
    return keys or [("row", "", str(row.number))]


def order_identity(row: Row) -> str | None:
    """By what a dry run knows an order again; None for a row without an ID of its own."""
    key = keys_of(row)[0]
    return None if key[0] == "row" else "\n".join(key)

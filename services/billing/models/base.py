"""What every table here starts from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from servicekit.db.columns import plain_column

LAW = "bookkeeping: what was bought, paid and refunded is kept as long as tax law demands"
INVOICE_LAW = "an invoice and whom it was made out to are kept as long as tax law demands"


class Base(DeclarativeBase):
    """The tables of this service."""


def id_column() -> Any:
    """Our own ID, the primary key."""
    return plain_column(Text, primary_key=True)


def minor_column(**options: Any) -> Any:
    """An amount in the currency's minor units."""
    return plain_column(BigInteger, **options)


def object_column() -> Any:
    """A JSON object, or NULL, that says nothing about a person."""
    return plain_column(JSONB(none_as_null=True))

"""From a record to what it says: each value read by its field, every error named with its column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from servicekit.imports.layout import Layout
from servicekit.imports.records import Record
from servicekit.imports.rows import Fault, Given, RecordReader, reasons
from servicekit.imports.tables import ImportJob
from servicekit.imports.vocabulary import Vocabulary
from services.billing.imports.fields import (
    CUSTOMER,
    CUSTOMER_EXTERNAL_IDS,
    OWN_SOURCE,
    Load,
    is_customer_id,
    minor_units,
)

Who = tuple[str, str]
"""By what a customer is known: ``id`` and our ID, ``email`` and the address, or an ID's source and the ID."""

BY_ID = "id"


@dataclass(slots=True)
class Row:
    """What one record says. ``who`` are the ways in which it names its customer, the surest first; ``keys`` by what
    the thing that it is about is known, once that was asked."""

    number: int
    columns: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    who: list[Who] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    keys: Sequence[tuple[str, str, str]] = ()

    def blame(self, target: str, reason: str) -> None:
        """This row can't be taken, because of the column that became ``target``."""
        self.faults.append(Fault(self.columns.get(target, ""), reason))

    def minor(self, target: str, currency: str) -> int | None:
        """The minor units of an amount, if the row has one; what is wrong with it is said in ``faults``."""
        text = self.values.get(target)
        if text is None:
            return None
        try:
            return minor_units(text, currency)
        except ValidationError as error:
            for reason in reasons(error):
                self.blame(target, reason)
            return None

    def require(self, *targets: str) -> None:
        """Each of these must have a value."""
        for target in targets:
            if target not in self.values and not any(f.column == self.columns.get(target, "?") for f in self.faults):
                self.blame(target, f"Missing: every row needs {target}.")


class RowReader:
    """Reads the records of one file whose fields are ``table``."""

    def __init__(self, vocabulary: Vocabulary, table: Mapping[str, Load], job: ImportJob) -> None:
        self._layout = Layout.from_json(job.layout)
        self._records = RecordReader(vocabulary, self._layout)
        self._table = table
        self._of_customers = "customer_email" in table

    @property
    def shape(self) -> str | None:
        """The export that the file is."""
        return self._layout.shape

    def read(self, record: Record) -> Row:
        """What the record says."""
        given = self._records.read(record)
        row = Row(given.number, given.columns, faults=given.faults)
        if record.problem is None:
            self._take(row, given)
        return row

    def read_all(self, records: Sequence[Record]) -> list[Row]:
        """What each of the records says."""
        return [self.read(record) for record in records]

    def _take(self, row: Row, given: Given) -> None:
        table, values, others = self._table, row.values, []
        for target, value in given.values.items():
            load = table.get(target)
            if load is None:
                others.append(target)
                load = table["customer_external_id"]
            try:
                values[target] = load(value)
            except (ValidationError, TypeError) as error:
                told = reasons(error) if isinstance(error, ValidationError) else ["Not a text or a number."]
                for reason in told:
                    row.blame(target, reason)
        if self._of_customers:
            _name_customer(row, others)


def _name_customer(row: Row, others: Sequence[str]) -> None:
    values = row.values
    own, external, source, email = (values.pop(name, None) for name in CUSTOMER)
    if own is not None and is_customer_id(own):
        row.who.append((BY_ID, own))
    elif own is not None and external is None:
        external = own  # "customer_id" is what most shops call their own ID
    if external is not None:
        row.who.append((source or OWN_SOURCE, external))
    for target in others:
        if target in values:
            row.who.append((target.removeprefix(CUSTOMER_EXTERNAL_IDS), values.pop(target)))
    if email is not None:
        row.who.append(("email", email))
    if not row.who and not row.faults:
        row.blame("customer_email", "It doesn't say whose it is.")

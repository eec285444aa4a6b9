"""From a record to what it says about a customer: read by the API's own fields, every error named with its column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from servicekit.imports.layout import Layout
from servicekit.imports.records import Record
from servicekit.imports.rows import Fault, RecordReader, reasons
from services.customers.imports import fields
from services.customers.imports.headings import VOCABULARY
from services.customers.models import email_key


@dataclass(slots=True)
class Row:
    """What one record says about one customer, and only that: an empty cell says nothing.

    ``values`` are the API's plain fields, ``moments`` are ``registered_at`` and ``last_login_at``; ``columns`` tells
    which column of the file became a field. With ``faults`` the rest is only what could be read.
    """

    number: int
    columns: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    address: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    external_ids: list[dict[str, str]] = field(default_factory=list)
    moments: dict[str, datetime] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def email_key(self) -> str | None:
        """What makes two addresses the same login; None without one."""
        return email_key(self.values.get("email"))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The external IDs as source and ID."""
        return [(entry["source"], entry["id"]) for entry in self.external_ids]

    def identities(self) -> Iterator[tuple[str, str]]:
        """Everything that no two customers share, each with the field that it is of."""
        if self.email_key is not None:
            yield "email", f"email {self.email_key}"
        for source, external_id in self.pairs:
            yield self.field_of(source), f"{source} {external_id}"

    def field_of(self, source: str) -> str:
        """The field that an external ID of this source came from."""
        own = f"{fields.EXTERNAL_IDS}{source}"
        return next((name for name in (own, fields.EXTERNAL_ID) if name in self.columns), "external_ids")

    def blame(self, target: str, reason: str) -> None:
        """This row can't be taken, because of the column that became ``target``."""
        instead = fields.NAME if target in ("first_name", "last_name") else ""
        self.faults.append(Fault(self.columns.get(target, self.columns.get(instead, "")), reason))


class RowReader:
    """Reads the records of one file."""

    def __init__(self, layout: Layout) -> None:
        self._records = RecordReader(VOCABULARY, layout)

    def read(self, record: Record) -> Row:
        """What the record says."""
        given = self._records.read(record)
        row = Row(given.number, given.columns, faults=given.faults)
        if record.problem is None:
            for target in fields.NESTED:
                if target in given.values:
                    _take_nested(row, target, given.columns[target], given.values.pop(target))
            _take_all(row, given.values)
        return row


def _take_all(row: Row, given: dict[str, Any]) -> None:
    name = given.pop(fields.NAME, None)
    if isinstance(name, str) and "first_name" not in given and "last_name" not in given:
        first, last = fields.split_name(name)
        given |= {"last_name": last} if first is None else {"first_name": first, "last_name": last}
    source = given.pop(fields.EXTERNAL_SOURCE, None)
    for target, value in given.items():
        try:
            _take(row, target, value, source)
        except ValidationError as error:
            for reason in reasons(error):
                row.blame(target, reason)
    if row.attributes:
        try:
            row.attributes = fields.load_attributes(row.attributes)
        except ValidationError as error:
            row.faults += [Fault("attributes", reason) for reason in reasons(error)]
    row.external_ids = [{"source": source, "id": given_id} for source, given_id in dict.fromkeys(row.pairs)]
    flat = any(part in given for part in fields.ADDRESS)
    if flat and "country" not in row.address and "country" in row.values:
        row.address["country"] = row.values["country"]


def _take(row: Row, target: str, value: Any, source: Any) -> None:
    if target in fields.ADDRESS:
        loaded = fields.load(target, value)
        if loaded is not None:
            row.address[target.removeprefix("address_")] = loaded
    elif target in fields.MOMENTS:
        row.moments[target] = fields.load(target, value)
    elif target == fields.EXTERNAL_ID:
        row.external_ids.append(fields.load_external_id(source, value))
    elif target.startswith(fields.EXTERNAL_IDS):
        row.external_ids.append(fields.load_external_id(target.removeprefix(fields.EXTERNAL_IDS), value))
    elif target.startswith(fields.ATTRIBUTES):
        row.attributes[target.removeprefix(fields.ATTRIBUTES)] = value
    else:
        loaded = fields.load(target, value)
        if loaded is not None:
            row.values[target] = loaded


def _take_nested(row: Row, target: str, key: str, value: Any) -> None:
    """What an object of NDJSON has as the API has it: an address, a list of external IDs, custom attributes."""
    if target == "address" and isinstance(value, str):
        value = {"line1": value}
    kind, name = (list, "a list") if target == "external_ids" else (dict, "an object")
    if not isinstance(value, kind):
        row.faults.append(Fault(key, f"Not {name}, as the API has it."))
        return
    content: Any = value
    try:
        if target == "address":
            row.address.update(fields.load_address(content))
        elif target == "external_ids":
            row.external_ids += fields.load_external_ids(content)
        else:
            row.attributes.update({name: inner for name, inner in content.items() if inner is not None})
    except ValidationError as error:
        row.faults += [Fault(key, reason) for reason in reasons(error)]

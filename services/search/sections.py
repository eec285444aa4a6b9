"""The sections of a customer: what each producer tells of it, side by side, each with versions of its own.

A section is one aggregate of one producer for one customer. It stands in the columns ``<name>`` and
``<name>_version`` of ``search_customer``, and any of them may come first. What is indexed, matched and shown is the
state put together of all of them: their fields have different names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from services.search.inbound import account, customer, notes
from services.search.inbound.reading import Told

Read = Callable[[str, int, Mapping[str, Any]], Told]
"""Reads a section from the subject, the version and the data of an event or of a feed's item."""


@dataclass(frozen=True, slots=True)
class Section:
    """``name``: of its columns. ``told_by``: the service, as version tokens name it. ``blank``: its fields, each with
    what stands for it while nothing was told of it."""

    name: str
    told_by: str
    read: Read
    blank: Mapping[str, Any] = field(default_factory=dict)


CUSTOMER = Section(customer.SECTION, "customers", customer.customer_told)
"""The one that makes a customer: without it the others wait, and nobody is found."""
ACCOUNT = Section(account.SECTION, "billing", account.account_told, account.BLANK)
SUMMARY = Section(notes.SECTION, "notes", notes.summary_told, notes.BLANK)
SECTIONS = (CUSTOMER, ACCOUNT, SUMMARY)

_BLANK: Mapping[str, Any] = MappingProxyType({name: value for each in SECTIONS for name, value in each.blank.items()})
SHOWN_FIELDS = (*customer.CUSTOMER_FIELDS, *_BLANK)
"""The fields of a customer in an answer."""


def shown(state: Mapping[str, Any], name: str) -> Any:
    """The field ``name`` of a customer's state, or what stands for it while its section is missing."""
    return state.get(name, _BLANK.get(name))


def each(form: str, joined: str = ", ") -> str:
    """SQL made by ``form`` for each section, whose name takes the place of ``{0}``."""
    return joined.join(form.format(section.name) for section in SECTIONS)


def merged(row: str) -> str:
    """SQL of the state put together, of a row of ``search_customer``; null while nothing of the customer is known."""
    return " || ".join((f"{row}.{CUSTOMER.name}", *(f"coalesce({row}.{s.name}, '{{}}')" for s in SECTIONS[1:])))

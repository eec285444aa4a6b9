"""What can be imported, which service takes it, and what is asked of people for each: the table of the import pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.console import import_fields as fields


@dataclass(frozen=True, slots=True)
class Service:
    """Who takes imports: at which address of the API, by whose right. One of a ``single`` kind isn't told which."""

    name: str
    path: str
    scope: str
    single: bool = False


@dataclass(frozen=True, slots=True)
class Default:
    """A field that the form asks for, for all rows that don't say it themselves."""

    field: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. ``choices`` are the fields that an unknown column can become; ``example`` shows how it is told.

    ``keeps_others``: a column that is no field can be kept as a custom attribute.
    """

    name: str
    service: Service
    hint: str
    choices: Sequence[tuple[str, str]]
    example: Sequence[str]
    constant_example: str
    defaults: Sequence[Default] = ()
    keeps_others: bool = False

    @property
    def label(self) -> str:
        """For people."""
        return self.name.capitalize()

    @property
    def asked(self) -> list[tuple[str, str]]:
        """How its service is told which kind it is; one that takes a single kind isn't."""
        return [] if self.service.single else [("kind", self.name)]


CUSTOMERS = Service("customers", "/v1/customers/imports", "customers:import", single=True)
BILLING = Service("billing", "/v1/billing/imports", "billing:import")
NOTES = Service("notes", "/v1/notes/imports", "notes:import", single=True)
SERVICES: Mapping[str, Service] = {service.name: service for service in (CUSTOMERS, BILLING, NOTES)}
_CURRENCY = Default("currency", "Currency", "Of rows that name none.")
_PROVIDER = Default("provider", "Payment provider", "Who holds the payment methods of rows that name none: stripe.")
_KINDS = (
    Kind(
        "customers",
        CUSTOMERS,
        "Exports of Cleeng and Stripe are recognized. Passwords and card numbers are never stored.",
        fields.CUSTOMERS,
        ("Customer No=external_id", "Plan=attributes.plan", "Notes="),
        "country=DE",
        keeps_others=True,
    ),
    Kind(
        "offers",
        BILLING,
        "Needed are a name, a price and a currency; with a period it is a subscription.",
        fields.OFFERS,
        ("Article=external_id", "Rhythm=period", "Notes="),
        "tax_percent=19",
        (_CURRENCY,),
    ),
    Kind(
        "subscriptions",
        BILLING,
        "Needed are the customer, the offer, the status and the day it renews or ends; customers and offers are "
        "imported first. Cleeng's templates are recognized. Card numbers are never stored.",
        fields.SUBSCRIPTIONS,
        ("Member=customer_external_id", "Paid Until=current_period_end", "Notes="),
        "channel=web",
        (_PROVIDER,),
    ),
    Kind(
        "transactions",
        BILLING,
        "Needed are the customer, the date, the amount and the currency; customers are imported first. "
        "Stripe's export of payments is recognized. Card numbers are never stored.",
        fields.TRANSACTIONS,
        ("Member=customer_external_id", "Article=offer", "Notes="),
        "provider=stripe",
        (_CURRENCY,),
    ),
    Kind(
        "notes",
        NOTES,
        "Needed are the customer and the text, 2,500 characters at the most; customers are imported first. "
        "A row that names no author is yours.",
        fields.NOTES,
        ("Member=customer_external_id", "Agent=author", "Mood="),
        "flags=vip",
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}

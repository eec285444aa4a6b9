"""What a column of a file can become, as people are offered it: the API's names of fields, and ours for people."""

from __future__ import annotations

import re

CUSTOMERS = (
    ("email", "Email"),
    ("name", "Name (first and last)"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("company", "Company"),
    ("birthdate", "Birthdate"),
    ("phone", "Phone"),
    ("language", "Language"),
    ("currency", "Currency"),
    ("country", "Country"),
    ("line1", "Address line 1"),
    ("line2", "Address line 2"),
    ("city", "City"),
    ("state", "State"),
    ("postal_code", "Postal code"),
    ("address_country", "Country of the address"),
    ("external_id", "External ID"),
    ("registered_at", "Registered"),
    ("last_login_at", "Last login"),
)
OFFERS = (
    ("external_id", "External ID"),
    ("name", "Name"),
    ("kind", "Kind (single or subscription)"),
    ("status", "Status (active or retired)"),
    ("price", "Price, tax included"),
    ("currency", "Currency"),
    ("tax_percent", "Tax rate in percent"),
    ("period", "Period, such as month"),
    ("trial_days", "Days of trial"),
)
_WHOSE = (
    ("customer_email", "Customer's email"),
    ("customer_external_id", "Customer's external ID"),
    ("customer_external_id_source", "Source of the customer's external ID"),
    ("customer_id", "Customer's ID"),
)
_CARD = (("card_brand", "Brand of the card"), ("card_last4", "Last four digits of the card"))
SUBSCRIPTIONS = (
    *_WHOSE,
    ("external_id", "External ID of the subscription"),
    ("offer", "Offer (ID or name)"),
    ("status", "Status"),
    ("current_period_end", "Renews or ends"),
    ("started_at", "Started"),
    ("channel", "Channel (web, apple, google)"),
    ("provider", "Payment provider"),
    ("payment_method", "Payment method (the provider's token)"),
    ("price", "Price, tax included"),
    ("currency", "Currency"),
    ("period", "Period, such as month"),
    *_CARD,
    ("card_expiry", "Last month of the card"),
)
TRANSACTIONS = (
    *_WHOSE,
    ("external_order_id", "External order ID"),
    ("created_at", "Date"),
    ("amount", "Amount, tax included"),
    ("currency", "Currency"),
    ("status", "Status"),
    ("refunded", "Refunded amount"),
    ("tax", "Tax amount"),
    ("tax_percent", "Tax rate in percent"),
    ("kind", "Kind (purchase, renewal, switch)"),
    ("offer", "Offer (ID or name)"),
    ("channel", "Channel (web, apple, google)"),
    ("provider", "Payment provider"),
    ("provider_reference", "Payment provider's reference"),
    ("subscription_external_id", "External ID of the subscription"),
    *_CARD,
)
NOTES = (
    *_WHOSE,
    ("external_id", "External ID of the note"),
    ("text", "Text"),
    ("author", "Author's name"),
    ("author_email", "Author's email"),
    ("created_at", "Written at"),
    ("flags", "Flags"),
)
_APART = re.compile(r"[^a-z0-9]+")
_LONGEST = 40


def attribute_of(column: str) -> str:
    """The field that keeps a column as a custom attribute; empty if no name can be made of its heading."""
    name = _APART.sub("_", column.casefold()).strip("_")[:_LONGEST]
    return f"attributes.{name}" if name else ""

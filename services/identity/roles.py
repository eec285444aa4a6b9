"""Who may do what: every scope there is, and which of them each role of staff has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

PUBLISHER_SCOPES: Mapping[str, str] = {
    "customers:read": "Read customers and their history.",
    "customers:write": "Create and edit customers, record logins.",
    "customers:anonymize": "Anonymize customers.",
    "customers:import": "Import customers from files, and see what became of the rows.",
    "billing:read": "Read what customers bought and paid.",
    "billing:write": "Sell, cancel, refund, extend access, put payment details on file and delete them.",
    "billing:manage": "Manage offers and how the publisher bills.",
    "billing:import": "Import offers, subscriptions and transactions from files, and see what became of the rows.",
    "notes:read": "Read notes and flags.",
    "notes:write": "Write notes, edit and delete one's own, flag customers.",
    "notes:manage": "Define flags.",
    "notes:import": "Import notes from files, and see what became of the rows.",
    "search:read": "Search.",
    "notifications:read": "Read the log of emails, and what they say.",
    "notifications:write": "Send emails again.",
    "notifications:manage": "Edit templates and mail settings.",
    "notifications:bounces": "Pass on mail that came back.",
    "personal:read": "See personal data in what one may read. Without it, it is masked.",
    "identity:read": "Read one's publisher.",
    "identity:manage": "Manage staff, API keys and the publisher's settings.",
}

# Only for our own services: these see every publisher. No role and no API key ever has one.
SERVICE_SCOPES: Mapping[str, str] = {
    "customers:feed": "Read the present state of all customers of all publishers.",
    "billing:feed": "Read the present state of all billing of all publishers.",
    "billing:close": "Close a customer's billing account, for any publisher.",
    "identity:staff": "Look staff up by their email addresses, at any publisher.",
    "notes:feed": "Read how many notes and which flags all customers of all publishers have.",
}

OWNER = "owner"

_SEES = {
    "customers:read", "billing:read", "notes:read", "search:read", "notifications:read", "personal:read",
    "identity:read",
}  # fmt: skip
_EVERYTHING = set(PUBLISHER_SCOPES)

ROLES: Mapping[str, frozenset[str]] = {
    OWNER: frozenset(_EVERYTHING),
    "admin": frozenset(_EVERYTHING),
    "agent": frozenset(_SEES | {"customers:write", "billing:write", "notes:write", "notifications:write"}),
    "viewer": frozenset(_SEES),
    "viewer_no_pii": frozenset(_SEES - {"personal:read"}),
}

# Of the list of scopes that an API key's were chosen from. In the first one what was answered was never masked.
FIRST_LIST, PRESENT_LIST = 1, 2
_UNMASKED_IN_FIRST = {"customers:read", "customers:write", "customers:import", "search:read"}


def scopes_of(role: str) -> frozenset[str]:
    """The scopes of a role; none for a role that this version doesn't know."""
    return ROLES.get(role, frozenset())


def scopes_of_key(chosen: Iterable[str], scopes_version: int) -> frozenset[str]:
    """The scopes of an API key: those chosen when it was made, and what went without saying then."""
    scopes = frozenset(chosen) & set(PUBLISHER_SCOPES)
    if scopes_version == FIRST_LIST and scopes & _UNMASKED_IN_FIRST:
        return scopes | {"personal:read"}
    return scopes

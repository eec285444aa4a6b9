"""Who may do what: every scope there is, and which of them each role of staff has."""

from __future__ import annotations

from collections.abc import Mapping

PUBLISHER_SCOPES: Mapping[str, str] = {
    "customers:read": "Read customers and their history.",
    "customers:write": "Create and edit customers, record logins.",
    "customers:anonymize": "Anonymize customers.",
    "customers:import": "Import customers from files, and see what became of the rows.",
    "search:read": "Search.",
    "personal:read": "See personal data in what one may read. Without it, it is masked.",
    "identity:read": "Read one's publisher.",
    "identity:manage": "Make, list and revoke API keys.",
}

# Only for our own services: these see every publisher. No role and no API key ever has one.
SERVICE_SCOPES: Mapping[str, str] = {
    "customers:feed": "Read the present state of all customers of all publishers.",
}

_SEES = {"customers:read", "search:read", "personal:read", "identity:read"}
_EVERYTHING = set(PUBLISHER_SCOPES)

ROLES: Mapping[str, frozenset[str]] = {
    "owner": frozenset(_EVERYTHING),
    "admin": frozenset(_EVERYTHING),
    "agent": frozenset(_SEES | {"customers:write"}),
    "viewer": frozenset(_SEES),
    "viewer_no_pii": frozenset(_SEES - {"personal:read"}),
}


def scopes_of(role: str) -> frozenset[str]:
    """The scopes of a role; none for a role that this version doesn't know."""
    return ROLES.get(role, frozenset())

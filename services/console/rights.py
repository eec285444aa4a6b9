"""Roles and scopes in words. What each may is identity's to decide; this only names it."""

from __future__ import annotations

ROLES = {
    "owner": ("Owner", "Everything, and the only one who may pass on the ownership."),
    "admin": ("Admin", "Everything but editing the owner."),
    "agent": ("Agent", "Finds and reads customers, edits them, writes notes, cancels and refunds."),
    "viewer": ("Viewer", "Finds and reads customers."),
    "viewer_no_pii": ("Viewer without personal data", "Reads customers with everything personal hidden."),
}
SCOPES = {
    "customers:read": "Read customers and their history",
    "customers:write": "Create and edit customers, record logins",
    "customers:anonymize": "Anonymize customers",
    "customers:import": "Import customers from files",
    "notes:read": "Read notes and flags",
    "notes:write": "Write notes, edit and delete one's own, flag customers",
    "notes:manage": "Define flags",
    "notes:import": "Import notes from files",
    "billing:read": "Read payments, subscriptions and transactions",
    "billing:write": "Sell, cancel, refund, extend access, delete payment details",
    "billing:manage": "Manage offers and how you bill",
    "billing:import": "Import offers, subscriptions and transactions",
    "search:read": "Search",
    "notifications:read": "Read the log of emails, and what they say",
    "notifications:write": "Send emails again",
    "notifications:manage": "Edit templates and mail settings",
    "notifications:bounces": "Pass on mail that came back",
    "personal:read": "See personal data; without it, it is masked",
    "identity:read": "Read your publisher's name",
    "identity:manage": "Manage staff, API keys and settings",
}


def role_name(role: str) -> str:
    """A role in words; its own name for one that is new to this version."""
    return ROLES[role][0] if role in ROLES else role.replace("_", " ").capitalize()


def scope_name(scope: str) -> str:
    """A scope in words; its own name for one that is new to this version."""
    return SCOPES.get(scope, scope)

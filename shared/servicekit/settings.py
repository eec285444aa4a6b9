"""Settings read once from the environment, the same names for every service."""

from __future__ import annotations

from environs import Env, validate

from servicekit.audit import AUDIT_KEPT
from servicekit.db.roles import DatabaseUrls


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it."""


def database_urls(env: Env, service: str) -> DatabaseUrls:
    """``<SERVICE>_DATABASE_URL_MIGRATE``, ``_APP`` and ``_SYSTEM``. A process may lack those that it doesn't need."""
    prefix = f"{service.upper()}_DATABASE_URL"
    return DatabaseUrls(
        migrate=env.str(f"{prefix}_MIGRATE", ""),
        app=env.str(f"{prefix}_APP", ""),
        system=env.str(f"{prefix}_SYSTEM", ""),
    )


def audit_days(env: Env) -> int:
    """``AUDIT_DAYS``: how many days the audit log is kept."""
    return env.int("AUDIT_DAYS", AUDIT_KEPT.days, validate=validate.Range(min=1))

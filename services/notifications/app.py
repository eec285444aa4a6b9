"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.notifications.api import BLUEPRINTS
from services.notifications.invoice_desk import InvoiceDesk
from services.notifications.settings import Settings

SERVICE = "notifications"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings, *, database: Database, verifier: TokenVerifier, invoices: InvoiceDesk) -> Flask:
    """The notifications service's web app. ``database`` acts as role ``app``; ``invoices`` is where billing's are."""
    return create_service_app(
        SERVICE,
        database=database,
        verifier=verifier,
        blueprints=BLUEPRINTS,
        extras={"mail": settings.mail, "invoices": invoices},
    )

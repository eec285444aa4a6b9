"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.customers import api, import_api, internal_api
from services.customers.billing_desk import BillingDesk
from services.customers.settings import Settings

SERVICE = "customers"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(
    settings: Settings, *, database: Database, system_database: Database, verifier: TokenVerifier, billing: BillingDesk
) -> Flask:
    """The customers service's web app. ``database`` acts as role ``app``, ``system_database`` as ``system``.

    ``billing`` closes a customer's account before the customer is anonymized.
    """
    return create_service_app(
        SERVICE,
        database=database,
        system_database=system_database,
        verifier=verifier,
        blueprints=[api.blueprint, import_api.blueprint, internal_api.blueprint],
        extras={"erasure_participants": settings.erasure_participants, "billing": billing},
    )

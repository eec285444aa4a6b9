"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.billing import internal_api
from services.billing.api import (
    access,
    accounts,
    imports,
    invoices,
    offers,
    payment_methods,
    purchases,
    subscriptions,
    transactions,
    webhooks,
)
from services.billing.api import (
    settings as settings_api,
)
from services.billing.execution.executor import Executor
from services.billing.providers.registry import Providers
from services.billing.settings import Settings

SERVICE = "billing"
MIGRATIONS = Path(__file__).parent / "migrations"
_NOUNS = (
    offers, purchases, accounts, payment_methods, subscriptions, transactions, access, invoices, settings_api,
    webhooks, imports,
)  # fmt: skip


def create_app(
    settings: Settings,  # noqa: ARG001 - as every service's
    *,
    database: Database,
    system_database: Database,
    verifier: TokenVerifier,
    providers: Providers,
) -> Flask:
    """The billing service's web app. ``database`` acts as role ``app``, ``system_database`` as ``system``."""
    return create_service_app(
        SERVICE,
        database=database,
        system_database=system_database,
        verifier=verifier,
        blueprints=[*(noun.blueprint for noun in _NOUNS), internal_api.blueprint],
        extras={"providers": providers, "executor": Executor(database, system_database, providers.of)},
    )

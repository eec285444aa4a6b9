"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.notes import internal_api
from services.notes.api import flags, imports, notes

SERVICE = "notes"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(*, database: Database, system_database: Database, verifier: TokenVerifier) -> Flask:
    """The notes service's web app. ``database`` acts as role ``app``, ``system_database`` as ``system``."""
    return create_service_app(
        SERVICE,
        database=database,
        system_database=system_database,
        verifier=verifier,
        blueprints=[flags.blueprint, imports.blueprint, notes.blueprint, internal_api.blueprint],
    )

"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.notifications.api import BLUEPRINTS
from services.notifications.settings import Settings

SERVICE = "notifications"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings, *, database: Database, verifier: TokenVerifier) -> Flask:
    """The notifications service's web app. ``database`` acts as role ``app``."""
    return create_service_app(
        SERVICE, database=database, verifier=verifier, blueprints=BLUEPRINTS, extras={"mail": settings.mail}
    )

"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.search import api
from services.search.engine.port import Engine
from services.search.overlay import Waiting
from services.search.query import codes
from services.search.settings import Settings

SERVICE = "search"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings, *, database: Database, engine: Engine, verifier: TokenVerifier) -> Flask:  # noqa: ARG001
    """The search service's web app. ``database`` acts as role ``app``.

    It is ready without its engine: whole IDs and email addresses are then answered from the projection.
    """
    codes.warm()
    return create_service_app(
        SERVICE,
        database=database,
        verifier=verifier,
        blueprints=[api.blueprint],
        extras={"engine": engine, "waiting": Waiting()},
    )

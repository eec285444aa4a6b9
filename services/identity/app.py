"""Composition root of the web process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from servicekit.auth.jwks import JwksClient
from servicekit.auth.tokens import JwtVerifier
from servicekit.db.database import Database
from servicekit.web.app import create_service_app
from services.identity import api, internal_api
from services.identity.exchange import Exchanger
from services.identity.own_password import OwnPassword
from services.identity.settings import Settings
from services.identity.sign_in import SignIn
from services.identity.signer import Signer

SERVICE = "identity"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(
    settings: Settings, *, database: Database, system_database: Database, signer: Signer | None = None
) -> Flask:
    """Identity's web app. ``database`` acts as role ``app``, ``system_database`` as ``system``.

    ``signer`` is for a process that signs elsewhere too, so that keys are read once.
    """
    if signer is None:
        signer = Signer.from_settings(settings, system_database)
    sign_in = SignIn(database, system_database, settings)
    return create_service_app(
        SERVICE,
        database=database,
        system_database=system_database,
        # Its own tokens are checked like everybody's; the keys are at hand.
        verifier=JwtVerifier(SERVICE, settings.issuer, JwksClient(signer.jwks, refresh_seconds=30)),
        blueprints=[api.blueprint, internal_api.blueprint],
        extras={
            "settings": settings,
            "signer": signer,
            "sign_in": sign_in,
            "own_password": OwnPassword(database, system_database, secret=settings.secret),
            "exchange": Exchanger(system_database, signer, idle=settings.session_idle),
        },
    )

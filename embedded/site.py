"""The one address of the embedded mode: the gateway's dispatcher in front of every service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from sqlalchemy.exc import SQLAlchemyError

from embedded.assembly import Assembly
from servicekit.db.database import Database
from services.console.app import create_console
from services.gateway.dispatcher import create_dispatcher
from services.gateway.docs_page.app import create_docs_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OPENAPI = Path(__file__).resolve().parent.parent / "docs" / "api" / "openapi.json"


def create_site(assembly: Assembly) -> WSGIApplication:
    """The WSGI application that serves everything."""
    apps: dict[str, WSGIApplication] = {name: app.wsgi_app for name, app in assembly.apps.items()}
    apps["docs"] = create_docs_app(OPENAPI.read_bytes())
    database = assembly.databases["identity.system"]

    def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return dispatcher(environ, start_response)

    # The console is behind the gateway and in front of it: what it asks goes the way of every client, without a socket.
    console = create_console(
        assembly.console,
        transport=httpx2.WSGITransport(app=site),
        identity_transport=httpx2.WSGITransport(app=apps["identity"]),
    )
    apps["console"] = console.wsgi_app
    dispatcher = create_dispatcher(apps, assembly.exchange, ready=lambda: _answers(database))
    return dispatcher


def _answers(database: Database) -> bool:
    """Whether the database does: here nothing works without it."""
    try:
        database.ping()
    except SQLAlchemyError:
        return False
    return True

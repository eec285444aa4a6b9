"""The one address of the embedded mode: the gateway's dispatcher in front of every service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from embedded.assembly import Assembly
from servicekit.db.database import Database
from servicekit.errors import Unavailable
from servicekit.ids import new_id
from services.gateway.dispatcher import create_dispatcher
from services.gateway.docs_page.app import create_docs_app
from services.gateway.problems import rendered

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OPENAPI = Path(__file__).resolve().parent.parent / "docs" / "api" / "openapi.json"


def create_site(assembly: Assembly) -> WSGIApplication:
    """The WSGI application that serves everything."""
    apps: dict[str, WSGIApplication] = {name: app.wsgi_app for name, app in assembly.apps.items()}
    apps["docs"] = create_docs_app(OPENAPI.read_bytes())
    return _ready_with(assembly.databases["identity.system"], create_dispatcher(apps, assembly.exchange))


def _ready_with(database: Database, site: WSGIApplication) -> WSGIApplication:
    """``site``, ready only while the database answers: here nothing works without it."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/readyz":
            try:
                database.ping()
            except SQLAlchemyError:
                problem = Unavailable("The database doesn't answer right now. Try again shortly.")
                body, headers = rendered(problem, new_id("req"))
                start_response("503 Service Unavailable", [*headers.items(), ("Content-Length", str(len(body)))])
                return [body]
        return site(environ, start_response)

    return serve

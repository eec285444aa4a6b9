"""The one address of the embedded mode: the gateway's dispatcher in front of every service."""

from __future__ import annotations

from pathlib import Path
from wsgiref.types import WSGIApplication

from embedded.assembly import Assembly
from services.gateway.dispatcher import create_dispatcher
from services.gateway.docs_page.app import create_docs_app

OPENAPI = Path(__file__).resolve().parent.parent / "docs" / "api" / "openapi.json"


def create_site(assembly: Assembly) -> WSGIApplication:
    """The WSGI application that serves everything."""
    apps: dict[str, WSGIApplication] = {name: app.wsgi_app for name, app in assembly.apps.items()}
    apps["docs"] = create_docs_app(OPENAPI.read_bytes())
    return create_dispatcher(apps, assembly.exchange)

"""Building a service's Flask app: the same manners for every service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web import health, problems, requests
from servicekit.web.context import Kit
from servicekit.web.description import describe_fields
from servicekit.web.json_body import MAX_BODY_BYTES
from servicekit.web.problems import ProblemView


class KitApi(Api):
    """flask-smorest with our problem documents."""

    ERROR_SCHEMA = ProblemView

    def _register_error_handlers(self) -> None:
        """Ours are registered by the kit."""

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Not used: see ``problems.register``."""
        raise NotImplementedError


def create_service_app(
    service: str,
    *,
    database: Database,
    verifier: TokenVerifier,
    blueprints: Iterable[Blueprint],
    checks: Iterable[health.Check] = (),
    system_database: Database | None = None,
    extras: dict[str, object] | None = None,
) -> Flask:
    """A Flask app with the service's routes, problem documents, request IDs, logs, metrics and health.

    ``checks`` are further things that must work before ``/readyz`` says so; ``extras`` are the service's own
    collaborators, for its routes to find.
    """
    app = Flask(service, static_folder=None)  # a route for static files would be one without a scope
    # One thing, one address; what resembles it is not there. A redirect would repeat the Host header it was sent.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.config.update(
        API_TITLE=service,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.extensions["servicekit"] = Kit(service, database, verifier, system_database, extras or {})
    requests.register(app)
    problems.register(app)
    health.register(app, [health.database_check(database), health.token_check(verifier), *checks])
    api = KitApi(app)
    describe_fields(api.ma_plugin.converter)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.extensions["openapi"] = api.spec
    return app


def openapi_of(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of one service."""
    document: dict[str, Any] = app.extensions["openapi"].to_dict()
    return document

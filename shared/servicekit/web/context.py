"""The request being handled: its caller and its one transaction."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import cast

from flask import current_app, g, request
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller, TokenVerifier
from servicekit.db.database import Database

READING = ("GET", "HEAD", "OPTIONS")
"""Methods of requests that change nothing. Their entries in the audit log wait for no disk."""


@dataclass(frozen=True, slots=True)
class Kit:
    """The collaborators of a service's web process."""

    service: str
    database: Database
    verifier: TokenVerifier
    system_database: Database | None = None
    extras: dict[str, object] = field(default_factory=dict)


def kit() -> Kit:
    """The collaborators of the app that handles this request."""
    return cast(Kit, current_app.extensions["servicekit"])


def current_caller() -> Caller:
    """Who sent this request. Only inside a route with a scope."""
    return cast(Caller, g.caller)


def current_publisher_id() -> str:
    """The publisher on whose behalf this request runs."""
    publisher_id = current_caller().publisher_id
    if publisher_id is None:
        raise RuntimeError("a route for publishers was reached by a service; give it a scope that services don't have")
    return publisher_id


def current_session() -> Session:
    """This request's transaction, begun at the first call and committed by the kit when the route has answered."""
    if "session" not in g:
        chosen = kit().system_database if g.get("as_system") else kit().database
        if chosen is None:
            raise RuntimeError("this service was built without a system database")
        publisher_id = None if g.get("as_system") else current_caller().publisher_id
        begun = chosen.transaction(publisher_id, reading=request.method in READING)
        g.session = cast(ExitStack, g.transaction).enter_context(begun)
    return cast(Session, g.session)


def about(datasubject: str) -> None:
    """This request's answer speaks of this person; a kept copy of it goes when the person is erased."""
    g.datasubject = datasubject

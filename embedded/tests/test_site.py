"""Whether the product says that it is ready, by whether its database answers."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import Client

from embedded.assembly import Assembly
from embedded.site import create_site
from servicekit.db.database import Database
from services.console.settings import Settings as ConsoleSettings


def test_it_is_not_ready_without_its_database() -> None:
    gone = Database("postgresql://nobody@/nothing?host=/nonexistent")
    nothing: Any = None
    loops = ("importers", "executor", "scheduler", "sender", "calendar", "indexer")
    parts: dict[str, Any] = dict.fromkeys(("exchange", "starting", *loops), nothing)
    console = ConsoleSettings(secret="x" * 64)
    databases = {"identity.system": gone}
    apps = {"identity": Flask("identity")}
    assembly = Assembly(apps=apps, relays={}, consumers={}, databases=databases, console=console, **parts)
    client = Client(create_site(assembly))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.headers["X-Request-Id"] == answer.get_json()["request_id"]
    assert client.get("/healthz").status_code == 200

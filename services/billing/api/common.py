"""What the addresses of several nouns share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from servicekit.etag import etag
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_publisher_id, kit
from servicekit.web.json_body import json_response
from services.billing.execution.executor import Executor
from services.billing.providers.port import Capabilities
from services.billing.providers.registry import Providers

PREFIX = "/v1/billing"


def blueprint_of(name: str, description: str) -> ServiceBlueprint:
    """The addresses of a noun."""
    return ServiceBlueprint(name, __name__, url_prefix=f"{PREFIX}/{name}", description=description)


def registry() -> Providers:
    """The payment providers that are set up."""
    found: Providers = kit().extras["providers"]  # type: ignore[assignment]
    return found


def capabilities(publisher_id: str, provider: str) -> Capabilities:
    """What a publisher's provider can do, and why not what it can't."""
    return registry().of(publisher_id, provider).capabilities


def executor() -> Executor:
    """What carries out operations at providers."""
    found: Executor = kit().extras["executor"]  # type: ignore[assignment]
    return found


def carry_out(operation_id: str, present: Callable[[Any, str], Response]) -> Callable[[], Response]:
    """For ``afterwards``: carry an operation out, then answer by ``present(session, publisher_id)``."""
    publisher_id = current_publisher_id()

    def finish() -> Response:
        executor().carry_out(publisher_id, operation_id)
        with kit().database.transaction(publisher_id) as session:
            return present(session, publisher_id)

    return finish


def shown(
    state: Mapping[str, Any], *, status: int = 200, place: str | None = None, token: str | None = None
) -> Response:
    """A thing with its ETag; ``place`` is its address, if it is new."""
    if state.get("customer_id"):
        about(state["customer_id"])
    headers = {"ETag": etag(state["version"])} if state.get("version") else {}
    if place is not None:
        headers["Location"] = f"{PREFIX}/{place}"
    if token is not None:
        headers["Version-Token"] = token
    return json_response(dict(state), status, headers)

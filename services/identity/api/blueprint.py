"""What all this service's public addresses are below."""

from __future__ import annotations

from servicekit.web.blueprint import ServiceBlueprint

blueprint = ServiceBlueprint(
    "identity",
    __name__,
    url_prefix="/v1/identity",
    description="People and programs: sign-in, staff, API keys, the publisher.",
)

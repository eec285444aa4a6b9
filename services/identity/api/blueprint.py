"""What all this service's public addresses are below."""

from __future__ import annotations

from servicekit.auth.caller import Caller
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_caller
from services.identity.errors import NotStaff

blueprint = ServiceBlueprint(
    "identity",
    __name__,
    url_prefix="/v1/identity",
    description="People and programs: sign-in, staff, API keys, the publisher.",
)


def staff_caller() -> Caller:
    """The staff member who sent the request. Raises NotStaff for an API key."""
    caller = current_caller()
    if caller.kind != "staff":
        raise NotStaff
    return caller

"""The one table of what the gateway leads where. nginx's configuration and the dispatcher are both made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

DEFAULT_BODY_BYTES = 1_000_000

# Of a file that is imported, in one request; larger ones come in parts.
FILE_BYTES = 1_000_000_000

# Longest request target and longest header line in bytes, and of how many such lines' size all headers may be together.
LONGEST_LINE = 16_384
LONGEST_HEADERS = 4 * LONGEST_LINE

# What a credential from outside looks like: long, and without the dots of a signed token, so that no token of ours
# (leaked, say) is ever taken from outside.
CREDENTIAL = "[A-Za-z0-9_-]{20,200}"

# The start of an Authorization header that presents something as Bearer credential, whatever it is.
PRESENTED = "Bearer +[^ ]"

# Where the front page leads on to, and what it takes.
FRONT = "/console/"
FRONT_METHODS = ("GET", "HEAD")

# A token is given out again for this long. With its lifetime of at most 40 seconds that makes 60 seconds at the most
# until a revoked key stops working.
CACHE_SECONDS = 20

# What these do changes what a credential is worth; the dispatcher then drops what it has of them at once. The caller's
# own, by what comes to itself only:
SIGN_OUT = "/v1/identity/token"
CHANGES_OF_ONESELF = (("DELETE", SIGN_OUT), ("POST", "/v1/identity/me/password"))
# Others', and it isn't known here whose (a method, and how the path begins):
CHANGES_OF_OTHERS = (
    ("DELETE", "/v1/identity/api_keys/"),
    ("PATCH", "/v1/identity/staff/"),
    ("POST", "/v1/identity/staff/"),
    ("POST", "/v1/identity/publisher/"),
    ("DELETE", "/v1/identity/me/sessions"),
)

# With this header identity says that a token isn't to be given out again: its credential is worth more in a moment.
NOT_KEPT_HEADER = "X-Token-Not-Kept"

# What only the gateway says to services; from a client it is removed.
FORBIDDEN_HEADERS = (
    "Forwarded",
    "Proxy",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Internal-Token",
    "X-Original-Uri",
    "X-Original-Url",
    "X-Real-Ip",
    "X-Rewrite-Url",
    "X-Script-Name",
)


class Access(Enum):
    """What becomes of the ``Authorization`` header."""

    EXCHANGED = "a valid credential is required; the service gets a signed token in its place"
    OPEN = "nothing is required, and nothing is passed on"
    AS_SENT = "passed on as it was sent: for identity's own sign-in and sign-out, and providers' own proofs"


@dataclass(frozen=True, slots=True)
class Route:
    """A path and everything below it, or with ``exact`` only the path itself, and the service it leads to.

    A body larger than usual is ``streamed``: passed on as it comes.
    """

    path: str
    service: str
    access: Access = Access.EXCHANGED
    exact: bool = False
    body_bytes: int = DEFAULT_BODY_BYTES

    @property
    def streamed(self) -> bool:
        """Whether a body may be so large that nobody on the way should wait for all of it."""
        return self.body_bytes > DEFAULT_BODY_BYTES

    def matches(self, path: str) -> bool:
        """Whether this route leads ``path`` (decoded, as WSGI gives it) somewhere."""
        return path == self.path or (not self.exact and path.startswith(f"{self.path}/"))


# The first match counts. What isn't here can't be reached from outside: /internal, /metrics and /readyz of services.
ROUTES: Sequence[Route] = (
    Route(SIGN_OUT, "identity", Access.AS_SENT, exact=True),
    Route("/v1/identity/jwks.json", "identity", Access.OPEN, exact=True),
    Route("/v1/openapi.json", "docs", Access.OPEN, exact=True),
    Route("/v1/identity", "identity"),
    Route("/v1/customers/imports", "customers", body_bytes=FILE_BYTES),
    Route("/v1/customers", "customers"),
    Route("/v1/billing/webhooks", "billing", Access.AS_SENT),
    Route("/v1/billing/imports", "billing", body_bytes=FILE_BYTES),
    Route("/v1/billing", "billing"),
    Route("/v1/notes/imports", "notes", body_bytes=FILE_BYTES),
    Route("/v1/notes", "notes"),
    Route("/v1/search", "search"),
    Route("/v1/notifications", "notifications"),
    Route("/docs", "docs", Access.OPEN),
    # Its cookies pass; what they are good for the console exchanges itself, as a client of the API.
    Route("/console", "console", Access.OPEN),
    Route("/favicon.ico", "docs", Access.OPEN, exact=True),
)

SERVICES = tuple(dict.fromkeys(route.service for route in ROUTES))


def route_of(path: str) -> Route | None:
    """The route that leads ``path`` somewhere; None for a path that leads nowhere."""
    return next((route for route in ROUTES if route.matches(path)), None)

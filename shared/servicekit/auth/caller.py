"""The caller of a request, as its verified token tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["staff", "api_key", "service"]
SEES_PERSONAL = "personal:read"
"""The scope without which answers are masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A staff member, a program with an API key, or one of our own services.

    ``publisher_id`` is None for our own services only: they see every publisher, through routes made for that.
    ``session_id`` names the sign-in of a staff member (it opens nothing); programs and services have none.
    """

    kind: Kind
    actor_id: str
    name: str
    publisher_id: str | None
    role: str | None
    scopes: frozenset[str]
    session_id: str | None = None

    @property
    def sees_personal(self) -> bool:
        """Whether answers to this caller may tell who somebody is; our own services see everything."""
        return self.kind == "service" or SEES_PERSONAL in self.scopes


class TokenVerifier(Protocol):
    """Checks a bearer token."""

    def verify(self, token: str) -> Caller:
        """The caller that a valid token names. Raises Unauthorized for any other, Unavailable if no key can be had."""

    def ready(self) -> bool:
        """Whether the keys to check tokens with are at hand."""

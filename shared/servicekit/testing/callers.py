"""Callers for tests that are not about tokens: a token is the name of a caller known to the verifier."""

from __future__ import annotations

from collections.abc import Iterable

from servicekit.auth.caller import Caller
from servicekit.errors import Unauthorized


class KnownCallers:
    """A TokenVerifier that knows some callers by a made-up token each."""

    def __init__(self, callers: dict[str, Caller]) -> None:
        self._callers = callers

    def verify(self, token: str) -> Caller:
        """The caller of this token. Raises Unauthorized."""
        if token not in self._callers:
            raise Unauthorized("This token is not known.")
        return self._callers[token]

    def ready(self) -> bool:
        """Always."""
        return True


def api_key(publisher_id: str, scopes: Iterable[str], name: str = "Test key") -> Caller:
    """A program of a publisher with these scopes."""
    return Caller(
        kind="api_key",
        actor_id=f"key_{publisher_id}",
        name=name,
        publisher_id=publisher_id,
        role=None,
        scopes=frozenset(scopes),
    )


def service(name: str, scopes: Iterable[str]) -> Caller:
    """One of our own services."""
    return Caller(
        kind="service", actor_id=f"svc_{name}", name=name, publisher_id=None, role=None, scopes=frozenset(scopes)
    )

"""What this service refuses, and what the caller can do about it."""

from __future__ import annotations

from collections.abc import Iterable

from servicekit.errors import Conflict, Forbidden, NotFound, Unauthorized

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
# A credential was sent, and it is why this is refused (RFC 6750, section 3.1).
_INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class WrongCredentials(Unauthorized):
    """Email and password don't belong together; which of them is wrong isn't told."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("The email address or the password is wrong.", headers=_CHALLENGE)


class InvalidCredential(Unauthorized):
    """An API key or session that doesn't exist, was revoked or has ended."""

    code = "invalid_credential"

    def __init__(self) -> None:
        super().__init__(
            "This API key or session is not valid (any more). Sign in again, or use another key.", headers=_INVALID
        )


class NotASession(Conflict):
    """An API key was sent to sign out: keys have no session, and go on working until they are revoked."""

    code = "not_a_session"

    def __init__(self) -> None:
        super().__init__(
            "This is an API key, and only a session can be signed out. To end a key, revoke it: "
            "DELETE /v1/identity/api_keys/{key_id}."
        )


class WrongServiceCredentials(Unauthorized):
    """A service's client ID and secret don't belong together."""

    code = "wrong_service_credentials"

    def __init__(self) -> None:
        super().__init__("The client ID or the secret is wrong: compare SERVICE_CLIENTS with the client's settings.")


class NotGranted(Forbidden):
    """A service asks for a token for another that SERVICE_CLIENTS doesn't let it call."""

    code = "not_granted"

    def __init__(self, audience: str) -> None:
        super().__init__(f"SERVICE_CLIENTS grants this client nothing at {audience}.")


class EmailTaken(Conflict):
    """Somebody signs in with this address already, at this publisher or another."""

    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("Somebody already signs in with this email address. Use another one.")


class ApiKeyNotFound(NotFound):
    """No such API key at this publisher."""

    code = "api_key_not_found"

    def __init__(self) -> None:
        super().__init__("There is no API key with this ID.")


class ScopesNotYours(Forbidden):
    """A key can't be given more than its maker has."""

    code = "scopes_not_yours"

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__(f"You can't pass on what you don't have: {', '.join(sorted(scopes))}.")

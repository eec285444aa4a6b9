"""What this service refuses, and what the caller can do about it."""

from __future__ import annotations

from collections.abc import Iterable

from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, PreconditionFailed, Unauthorized
from servicekit.etag import etag

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


class NotStaff(Forbidden):
    """An API key asked for what only a person has."""

    code = "not_staff"

    def __init__(self) -> None:
        super().__init__("This is for staff who are signed in; an API key has neither preferences nor a password.")


class PreferencesChangedMeanwhile(PreconditionFailed):
    """The preferences are no longer those that were read."""

    code = "changed_meanwhile"

    def __init__(self, version: int) -> None:
        super().__init__(
            "If-Match is not the present version of these preferences. Read them again, or send no If-Match to "
            "replace whatever is there.",
            headers={"ETag": etag(version)},
        )


class WrongPassword(Invalid):
    """The caller's own password, asked for once more, is not this."""

    code = "wrong_password"

    def __init__(self, where: str) -> None:
        super().__init__("Your present password is wrong.", errors=[FieldError(where, "Wrong.")])


class WeakPassword(Invalid):
    """A new password that is too easy to guess, or the old one again."""

    code = "weak_password"

    def __init__(self, why: str) -> None:
        super().__init__("Choose another password: this one won't do.", errors=[FieldError("/new_password", why)])


class SessionNotFound(NotFound):
    """The caller has no such session, or it has ended."""

    code = "session_not_found"

    def __init__(self) -> None:
        super().__init__("You have no session with this ID; it may have ended.")


class SettingsChangedMeanwhile(PreconditionFailed):
    """Somebody else changed the publisher's settings since they were read."""

    code = "changed_meanwhile"

    def __init__(self, version: int) -> None:
        super().__init__(
            "If-Match is not the present version of these settings. Read them again, and decide.",
            headers={"ETag": etag(version)},
        )


class StaffNotFound(NotFound):
    """No such staff member at this publisher."""

    code = "staff_not_found"

    def __init__(self) -> None:
        super().__init__("There is no staff member with this ID.")


class StaffChangedMeanwhile(PreconditionFailed):
    """Somebody else edited this staff member since they were read."""

    code = "changed_meanwhile"

    def __init__(self, version: int) -> None:
        super().__init__(
            "If-Match is not this staff member's present version. Read them again, and decide.",
            headers={"ETag": etag(version)},
        )


class NoLongerAllowed(Forbidden):
    """The caller lost the right to do this within the last minute; their token still has it."""

    code = "no_longer_allowed"

    def __init__(self) -> None:
        super().__init__("You may no longer do this: your role, or your API key, was changed a moment ago.")


class OwnerOnly(Forbidden):
    """Only the owner does this, and nobody else does it to the owner."""

    code = "owner_only"

    def __init__(self) -> None:
        super().__init__("Only the owner may do this, and nobody but themselves may edit the owner.")


class NotToOneself(Conflict):
    """Nobody locks themselves out."""

    code = "not_to_oneself"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)


class OwnershipIsTransferred(Conflict):
    """A publisher has exactly one owner: an edit of a role neither makes nor unmakes one."""

    code = "ownership_is_transferred"

    def __init__(self) -> None:
        super().__init__(
            "There is exactly one owner. Only the owner passes this on: POST /v1/identity/publisher/transfer_ownership."
        )


class NotFitToOwn(Conflict):
    """Whoever is to become the owner can't sign in, or only with a password that somebody else knows."""

    code = "not_fit_to_own"

    def __init__(self) -> None:
        super().__init__(
            "The new owner must be active, and have signed in and set a password of their own; nobody else may know it."
        )

"""Errors that speak to the caller. The web kit turns each into a problem document (RFC 9457).

A service's own errors derive from these and set ``code``; the message says what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: where (JSON Pointer, or a parameter's name) and what."""

    where: str
    message: str


class Problem(Exception):
    """A refusal that the caller can understand and act on."""

    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: object,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extensions = extensions


class BadRequest(Problem):
    """The request can't be read at all."""

    status, code, title = 400, "bad_request", "The request can't be read"


class Unauthorized(Problem):
    """No credential, or one that is not valid (any more)."""

    status, code, title = 401, "unauthorized", "Sign in, or send a valid API key"


class Forbidden(Problem):
    """A valid credential without the right to do this."""

    status, code, title = 403, "forbidden", "Not allowed"


class PersonalDataHidden(Forbidden):
    """Something was asked by personal data, which this caller may not see: the answer would tell it."""

    code = "personal_data_hidden"

    def __init__(self, where: str, *, position: int | None = None, instead: str = "") -> None:
        place = "" if position is None else f" at character {position}"
        super().__init__(
            "This asks by personal data, which your credential may not see: it lacks the scope personal:read."
            + (f" {instead}" if instead else ""),
            errors=[FieldError(where, f"Asks by personal data{place}.")],
        )
        if position is not None:
            self.extensions = {"parameter": where, "position": position}


class NotFound(Problem):
    """No such thing, or one of another publisher: the caller can't tell which."""

    status, code, title = 404, "not_found", "Not found"


class Conflict(Problem):
    """The request is fine but clashes with the present state."""

    status, code, title = 409, "conflict", "Clashes with the present state"


class PreconditionFailed(Problem):
    """``If-Match`` names an older version: somebody else changed the thing meanwhile."""

    status, code, title = 412, "precondition_failed", "Changed by somebody else meanwhile"


class Invalid(Problem):
    """The request can be read but its content is wrong; ``errors`` say where."""

    status, code, title = 422, "invalid", "The content is not valid"


class PreconditionRequired(Problem):
    """An edit without ``If-Match`` (RFC 6585)."""

    status, code, title = 428, "precondition_required", "If-Match is required"


class TooManyRequests(Problem):
    """Over a limit; ``retry_after`` says when to come back, in seconds."""

    status, code, title = 429, "too_many_requests", "Too many requests"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(Problem):
    """Something this needs is down; trying again in ``retry_after`` seconds may work."""

    status, code, title = 503, "unavailable", "Not available right now"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})

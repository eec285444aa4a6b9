"""The gateway's own refusals: the same documents from nginx and from the dispatcher."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

import orjson

from servicekit.errors import BadRequest, Forbidden, NotFound, Problem, TooManyRequests, Unauthorized, Unavailable
from servicekit.web.problems import CONTENT_TYPE, problem_document


class TooLarge(Problem):
    """The body is over the route's limit."""

    status, code, title = 413, "too_large", "Too large"


class TargetTooLong(Problem):
    """The address with its query is over the limit."""

    status, code, title = 414, "too_large", "Address too long"


class HeadersTooLarge(Problem):
    """The headers are over the limit."""

    status, code, title = 431, "too_large", "Headers too large"


class MethodNotAllowed(Problem):
    """A method that works nowhere, such as TRACE."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class BadGateway(Problem):
    """The service broke off."""

    status, code, title = 502, "bad_gateway", "No answer"


class GatewayTimeout(Problem):
    """The service took too long."""

    status, code, title = 504, "gateway_timeout", "No answer in time"


_BACK_LATER = {"Retry-After": "5"}

# Which of the two a 401 is, RFC 6750 (section 3.1) tells by the challenge: no error code where nothing was sent.
MISSING_CREDENTIAL = Unauthorized(
    "There is no credential. Send the header Authorization: Bearer, followed by an API key or a session.",
    headers={"WWW-Authenticate": "Bearer"},
)
INVALID_CREDENTIAL = Unauthorized(
    "This API key or session is not valid: it is unknown, was revoked or has ended. Sign in again, or use another key.",
    headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
)

PROBLEMS: Mapping[int, Problem] = {
    problem.status: problem
    for problem in (
        BadRequest("The request is not HTTP as it should be: look at its first line and its headers."),
        MISSING_CREDENTIAL,
        Forbidden("This credential may not be used here."),
        NotFound("There is nothing at this address. The documentation at /docs lists every address."),
        MethodNotAllowed("This method doesn't work here."),
        TooLarge("The body is too large."),
        TargetTooLong("The address is too long. Searches can be sent as a body by POST."),
        TooManyRequests("Too many requests. Wait as long as Retry-After says."),
        HeadersTooLarge("The headers are too large."),
        BadGateway("The service doesn't answer right now. Try again shortly.", headers=_BACK_LATER),
        Unavailable("Credentials can't be checked right now, so nothing can be asked. Try again shortly."),
        GatewayTimeout(
            "The service took too long to answer. What was asked may still have been done.", headers=_BACK_LATER
        ),
    )
}


def refusal(status: int) -> Problem:
    """A problem of the table, to be raised: its own object, as raising marks it."""
    return copy(PROBLEMS[status])


def unauthorized(*, presented: bool) -> Problem:
    """The 401 for a request that ``presented`` a Bearer credential, or for one that didn't."""
    return copy(INVALID_CREDENTIAL if presented else MISSING_CREDENTIAL)


def rendered(problem: Problem, request_id: str) -> tuple[bytes, dict[str, str]]:
    """The body and headers of the answer that tells of ``problem``."""
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
        **problem.headers,
    }
    return orjson.dumps(problem_document(problem, request_id)), headers

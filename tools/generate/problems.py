"""Which problem documents an operation can answer with, told from what it takes (RFC 9457)."""

from __future__ import annotations

from typing import Any

from servicekit import errors
from tools.generate.schemas import COMPONENTS, Json

_NAMES: dict[int, tuple[str, str, str, str]] = {
    # status: component, its problem's code, when it happens, an example's detail
    400: ("BadRequest", "bad_request", "The request can't be read: bad JSON, bad cursor, bad header.",
          "The body is not JSON: line 1, column 9."),
    401: ("Unauthorized", "unauthorized", "No credential, or one that is not valid (any more).",
          "Send the header Authorization: Bearer, followed by an API key or a token."),
    403: ("Forbidden", "forbidden", "The credential lacks the scope named in `x-required-scope`.",
          "This needs the scope customers:write, which your credential doesn't have."),
    404: ("NotFound", "not_found", "No such thing at this publisher.", "There is no such thing with this ID."),
    409: ("Conflict", "conflict", "Clashes with the present state; `code` and `errors` say with what.",
          "Another one already has this name."),
    412: ("PreconditionFailed", "precondition_failed", "`If-Match` names an older version: read again and decide.",
          "Somebody else changed this since you read it. Read it again, and decide."),
    413: ("TooLarge", "too_large", "The body is larger than 1 MB.", "The body is too large."),
    414: ("AddressTooLong", "too_large", "The address is longer than 8 KB.",
          "The address is too long. Searches can be sent as a body by POST."),
    415: ("UnsupportedMediaType", "unsupported_media_type", "The body is not JSON.",
          "Send JSON, with the header Content-Type: application/json."),
    422: ("Invalid", "invalid", "The content is not valid; `errors` says what and where.",
          "The fields named in errors are not valid."),
    428: ("PreconditionRequired", "precondition_required", "`If-Match` is missing (RFC 6585).",
          "Send If-Match with the ETag that you read, so that nobody's change is overwritten."),
    429: ("TooManyRequests", "too_many_requests", "Over the rate limit; come back after `Retry-After` seconds.",
          "Too many requests. Come back in 3 seconds."),
    503: ("Unavailable", "unavailable", "Something this needs is down; try again (`Retry-After`).",
          "The database doesn't answer right now. Whether this was done is not known: send it again."),
}  # fmt: skip
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": ("How to authenticate (RFC 6750).", "string", "Bearer")},
    412: {"ETag": ("The present version's, where the problem tells it.", "string", '"2"')},
    429: {"Retry-After": ("Seconds to wait.", "integer", 3)},
    503: {"Retry-After": ("Seconds to wait.", "integer", 5)},
}


def statuses_of(method: str, parameters: list[Json], *, has_body: bool, scope: str, open_to_all: bool) -> list[int]:
    """The statuses of the problems that an operation can answer with."""
    places = {parameter["in"] for parameter in parameters}
    headers = {parameter["name"].lower() for parameter in parameters if parameter["in"] == "header"}
    found = {429, 503}
    if scope != "public":
        found |= {401, 403}
    elif not open_to_all or method == "post":
        found.add(401)  # a sign-in or a sign-out: the credential is what it is about
    if has_body:
        found |= {400, 413, 415, 422}
    if places & {"query", "header"}:
        found.add(400)
    if "query" in places:
        found |= {414, 422}
    if "path" in places:
        found.add(404)
    if "idempotency-key" in headers:
        found |= {409, 422}
    if method in ("patch", "put", "delete"):
        found.add(409)
    if "if-match" in headers:
        found |= {412, 428}
    return sorted(found)


def names_a_thing(operation: Json, schemas: dict[str, Json]) -> bool:
    """Whether an operation's query must name a thing by its ID, or its body may: there may be none."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and parameter.get("required") and parameter["name"].endswith("_id"):
            return True
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = schemas.get(body.get("$ref", "").removeprefix(COMPONENTS), body)
    return any(name.endswith("_id") and not name.startswith("external_") for name in named.get("properties", {}))


def reference(status: int) -> Json:
    """A reference to the shared description of this problem."""
    return {"$ref": f"#/components/responses/{_NAMES[status][0]}"}


def components() -> dict[str, Json]:
    """The shared descriptions."""
    return {name: _response(status, code, when, detail) for status, (name, code, when, detail) in _NAMES.items()}


def _response(status: int, code: str, when: str, detail: str) -> Json:
    example: dict[str, Any] = {
        "type": "about:blank", "title": _title(status), "status": status, "code": code, "detail": detail,
    }  # fmt: skip
    if status == 422:
        example["errors"] = [{"where": "/email", "message": "Not a valid email address."}]
    example["request_id"] = "req_06h5yvkg1scm7h3b8k5rqt2xzw"
    headers = {
        name: {"description": text, "schema": {"type": kind, "examples": [value]}}
        for name, (text, kind, value) in _HEADERS.get(status, {}).items()
    }
    content = {"schema": {"$ref": "#/components/schemas/ProblemView"}, "example": example}
    described: Json = {"description": when, "content": {"application/problem+json": content}}
    return {**described, "headers": headers} if headers else described


def _title(status: int) -> str:
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Problem))
    titles = {kind.status: kind.title for kind in kinds}
    return (
        titles.get(status)
        or {413: "Request Entity Too Large", 414: "Address too long", 415: "Unsupported Media Type"}[status]
    )

"""Reading and writing JSON: strict in what people send."""

from __future__ import annotations

from typing import Any

import marshmallow
import orjson
from flask import Request, Response, request
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import UnsupportedMediaType

from servicekit.errors import BadRequest
from servicekit.web.presenting import presented
from servicekit.web.strict_json import strict_json

MAX_BODY_BYTES = 1_000_000


class StrictParser(FlaskParser):
    """Unknown fields and parameters are refused; what isn't JSON says so."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 (as webargs declares it)
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
        "headers": marshmallow.EXCLUDE,
        "path": marshmallow.RAISE,
    }

    def __init__(self) -> None:
        super().__init__()
        self._optional: list[marshmallow.Schema] = []

    def allow_absence(self, schema: marshmallow.Schema) -> None:
        """Take no body at all for an empty object where this very ``schema`` is read."""
        self._optional.append(schema)

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The body as JSON."""
        return read_json(required=not any(schema is optional for optional in self._optional))

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The query's parameters; one given twice where one is expected is refused."""
        for name, values in req.args.lists():
            field = schema.fields.get(name)
            if len(values) > 1 and field is not None and not isinstance(field, marshmallow.fields.List):
                raise BadRequest(f"The parameter {name} is given {len(values)} times.")
            if any("\0" in value or _has_surrogate(value) for value in values):
                raise BadRequest(f"The parameter {name} contains a character that no text has.")
        return MultiDictProxy(req.args, schema)


def read_json(*, required: bool = True) -> Any:
    """The request's body as JSON; no body at all is an empty object where none is ``required``.

    Raises BadRequest for what isn't JSON or could be misread (see ``strict_json``); 415 for another media type,
    encoding or character set, 413 over 1 MB.
    """
    body = request.get_data(cache=True)
    if not body:
        if required:
            raise BadRequest("The body is missing. Send a JSON object, {} at least.")
        return {}
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON, with the header Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send JSON in UTF-8; it has no other character set (RFC 8259).")
    return strict_json(body)


def json_response(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON, masked for a caller who may not see who somebody is.

    Datetimes must already be text, so that every one is written the same way.
    """
    return Response(orjson.dumps(presented(document, status)), status, headers, content_type="application/json")


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)

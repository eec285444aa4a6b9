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

MAX_BODY_BYTES = 1_000_000
_MAX_DEPTH = 32


class StrictParser(FlaskParser):
    """Unknown fields and parameters are refused; what isn't JSON says so."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 (as webargs declares it)
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
        "headers": marshmallow.EXCLUDE,
        "path": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The body as JSON. An empty body is an empty object."""
        return read_json()

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The query's parameters; one given twice where one is expected is refused."""
        for name, values in req.args.lists():
            field = schema.fields.get(name)
            if len(values) > 1 and field is not None and not isinstance(field, marshmallow.fields.List):
                raise BadRequest(f"The parameter {name} is given {len(values)} times.")
            if any("\0" in value or _has_surrogate(value) for value in values):
                raise BadRequest(f"The parameter {name} contains a character that no text has.")
        return MultiDictProxy(req.args, schema)


def read_json() -> Any:
    """The request's body as JSON.

    Raises BadRequest for what isn't JSON, nests deeper than 32 levels or contains NUL; 415 for another media type,
    413 over 1 MB.
    """
    body = request.get_data(cache=True)
    if not body:
        return {}
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON, with the header Content-Type: application/json.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None
    _check(document, 0)
    return document


def json_response(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON; datetimes must already be text, so that every one is written the same way."""
    return Response(orjson.dumps(document), status, headers, content_type="application/json")


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise BadRequest("The body contains the character NUL, which no text has.")
    elif isinstance(value, (dict, list)):
        if depth >= _MAX_DEPTH:
            raise BadRequest(f"The body is nested deeper than {_MAX_DEPTH} levels.")
        if isinstance(value, dict):
            for key in value:
                _check(key, depth + 1)
        for inner in value.values() if isinstance(value, dict) else value:
            _check(inner, depth + 1)


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)

"""The one OpenAPI 3.1 document of all services, as the gateway shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask

from servicekit.web.access import scope_of
from servicekit.web.app import openapi_of
from tools.discovery import services
from tools.generate import problems
from tools.generate.examples import example_of
from tools.generate.schemas import Clash, Json, merge, modernized, opened, reachable

_METHODS = ("get", "put", "post", "delete", "patch")
_PUBLIC = "/v1/"
_DESCRIPTION = """\
The back office in which a subscription business finds any of its customers and acts on what it finds.

Send `Authorization: Bearer` with an API key or a token. Bodies are JSON in snake_case; times are RFC 3339 in UTC; lists
answer `{"items": [...], "next_cursor": ...}`. Every error is a problem document (RFC 9457): `code` is stable, `errors`
says what is wrong and where. A method that an address doesn't know answers 405.
Send `Idempotency-Key` with a POST that you may have to repeat, and `If-Match` with an edit. Answers may gain fields:
ignore the ones you don't know. Every answer has `X-Request-Id`.
"""


class Incomplete(Exception):
    """A route lacks something that the document needs."""


def document() -> Json:
    """The document of all services' public routes. Raises Clash, Incomplete, NoExample."""
    paths: dict[str, Json] = {}
    schemas: dict[str, Json] = {}
    tags: list[Json] = []
    for service in services():
        app = service.app()
        if app is None:
            continue
        own = openapi_of(app)
        own_paths = {path: item for path, item in own.get("paths", {}).items() if path.startswith(_PUBLIC)}
        if taken := own_paths.keys() & paths.keys():
            raise Clash(f"{service.name} has addresses that another service has too: {', '.join(sorted(taken))}")
        own_schemas = modernized(own.get("components", {}).get("schemas", {}))
        prepared = {path: _path_item(path, item, scopes(app)) for path, item in own_paths.items()}
        needed = reachable(prepared, own_schemas)
        merge(schemas, {name: own_schemas[name] for name in sorted(needed)}, service.name)
        paths |= prepared
        used = {tag for _, _, operation in operations(prepared) for tag in operation.get("tags", ())}
        tags += [tag for tag in own.get("tags", ()) if tag["name"] in used]
        merge(schemas, {name: own_schemas[name] for name in ("ProblemView", "FieldErrorView")}, service.name)
    for _path, _method, operation in operations(paths):
        if problems.names_a_thing(operation, schemas):
            answers = {**operation["responses"], "404": operation["responses"].get("404", problems.reference(404))}
            operation["responses"] = dict(sorted(answers.items()))
    return _whole(paths, schemas, tags)


def scopes(app: Flask) -> dict[tuple[str, str], str]:
    """The scope of each operation of an app, by address and method. Raises Incomplete for one that has none."""
    found = {}
    for rule in app.url_map.iter_rules():
        scope = scope_of(app.view_functions[rule.endpoint])
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if scope is None and path.startswith(_PUBLIC):
                raise Incomplete(f"{method} {path} says neither @requires nor @public")
            found[path, method.lower()] = scope or "public"
    return found


def operations(paths: dict[str, Json]) -> Iterator[tuple[str, str, Json]]:
    """Address, method and description of every operation."""
    for path, item in paths.items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _path_item(path: str, item: Json, scope: dict[tuple[str, str], str]) -> Json:
    shared = [_parameter(parameter) for parameter in item.get("parameters", [])]
    prepared: Json = {"parameters": shared} if shared else {}
    for method in _METHODS:
        if method in item:
            prepared[method] = _operation(method, path, item[method], shared, scope[path, method])
    return prepared


def _operation(method: str, path: str, given: Json, shared: list[Json], scope: str) -> Json:
    if not given.get("operationId") or not given.get("summary"):
        raise Incomplete(f"{method.upper()} {path} needs an operationId and a docstring")
    operation: Json = modernized({key: value for key, value in given.items() if key != "responses"})
    operation["parameters"] = [_parameter(parameter) for parameter in given.get("parameters", [])]
    open_to_all = scope == "public" and given.get("security") == []
    statuses = problems.statuses_of(
        method,
        [*shared, *operation["parameters"]],
        has_body="requestBody" in given,
        scope=scope,
        open_to_all=open_to_all,
    )
    own = {str(code): modernized(answer) for code, answer in given["responses"].items() if _is_own(str(code), answer)}
    if not any(code.startswith(("2", "3")) for code in own):
        raise Incomplete(f"{method.upper()} {path} doesn't say what it answers: add @blueprint.response")
    shown = {str(status): problems.reference(status) for status in statuses}
    operation["responses"] = dict(sorted({**shown, **own}.items()))
    operation["x-required-scope"] = scope
    operation["security"] = [] if open_to_all else [{"bearer": []}]
    return operation


def _is_own(code: str, answer: Json) -> bool:
    """Whether the service described this answer itself; flask-smorest adds a 422 and a default."""
    return code != "default" and not (code == "422" and "$ref" in answer)


def _parameter(given: Json) -> Json:
    """The example beside the schema, where readers of the document look for it."""
    schema = dict(given.get("schema", {}))
    parameter = {**given, "schema": schema}
    example = schema.pop("example", given.get("example"))
    if example is not None:
        parameter["example"] = example
    return parameter


def _whole(paths: dict[str, Json], schemas: dict[str, Json], tags: list[Json]) -> Json:
    asked = set().union(*(reachable(op.get("requestBody"), schemas) for _, _, op in operations(paths)))
    answered = set().union(*(reachable(op["responses"], schemas) for _, _, op in operations(paths)))
    if both := asked & answered:
        # Questions are read strictly, answers may gain fields: one schema can't say both.
        raise Clash(f"used in questions and in answers, give the answer its own: {', '.join(sorted(both))}")
    schemas = {name: schema if name in asked else opened(schema) for name, schema in sorted(schemas.items())}
    for path, method, operation in operations(paths):
        _add_examples(operation, schemas, f"{method.upper()} {path}")
    _describe_path_parameters(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Customer Accounts",
            "version": "v1",
            "summary": "Find any customer of a subscription business, and act.",
            "description": _DESCRIPTION,
        },
        "servers": [{"url": "/", "description": "This installation."}],
        "tags": sorted(tags, key=lambda tag: str(tag["name"])),
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "responses": problems.components(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a token of `POST /v1/identity/token`.",
                }
            },
        },
    }


def _add_examples(operation: Json, schemas: dict[str, Json], where: str) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for media in body.get("content", {}).values():
            if "example" not in media and "examples" not in media:
                media["example"] = example_of(media["schema"], schemas, where)


def _describe_path_parameters(paths: dict[str, Json], schemas: dict[str, Any]) -> None:
    """Give parameters in the path the description and example of the field of the same name, if there is one."""
    known: dict[str, Json] = {}
    for schema in schemas.values():
        for name, field in schema.get("properties", {}).items():
            if field.get("examples"):
                known.setdefault(name, field)
    for item in paths.values():
        for parameter in item.get("parameters", []):
            field = known.get(parameter["name"], {})
            parameter.setdefault("description", field.get("description", "Which one."))
            if "examples" in field:
                parameter.setdefault("example", field["examples"][0])

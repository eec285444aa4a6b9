"""The addresses of a service's imports: a file is the body itself, read as it comes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from marshmallow import Schema

from servicekit import clock
from servicekit.imports import descriptions
from servicekit.imports.bodies import blocks_of_body, format_of_body, own_transactions, request_key
from servicekit.imports.dialect import DELIMITERS
from servicekit.imports.jobs import cancel_import, find_import, list_imports
from servicekit.imports.kinds import Imports
from servicekit.imports.layout import wishes_of
from servicekit.imports.receiving import Asked, take_in
from servicekit.imports.rejects import rejects_file
from servicekit.imports.schemas import (
    AppendContent,
    ImportPage,
    ImportView,
    RequestKey,
    import_state,
    listing_schema,
    starting_schema,
)
from servicekit.imports.starting import Request, start_import
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from servicekit.web.presenting import require_personal


@dataclass(frozen=True, slots=True)
class ImportSite:
    """Where a service's imports are found and by whose right.

    ``noun`` goes into the operations' names, such as ``start_import``; ``tag`` and ``description`` into the API's
    description, with ``table`` and ``objects``, the same small file as CSV and NDJSON, and ``bad_table`` and
    ``bad_objects``, a file of rejected rows. One that imports a single kind isn't asked for it.
    """

    imports: Imports
    path: str
    scope: str
    tag: str
    description: str
    table: str
    objects: str
    bad_table: str
    bad_objects: str
    noun: str = "import"

    @property
    def kinds(self) -> list[str]:
        """What a caller has to choose from; empty if there is no choice."""
        return list(self.imports.kinds) if len(self.imports.kinds) > 1 else []

    def kind(self, parameters: dict[str, Any]) -> str:
        """The kind that was asked for."""
        return str(parameters.get("kind") or next(iter(self.imports.kinds)))

    def action(self, thing: str) -> str:
        """An action's name in the audit log."""
        return f"{self.imports.name}.{thing}"


def import_blueprint(site: ImportSite) -> ServiceBlueprint:
    """The blueprint of a service's imports."""
    blueprint = ServiceBlueprint(site.tag, __name__, url_prefix=site.path, description=site.description)
    _add_start(blueprint, site, starting_schema(site.kinds))
    _add_content(blueprint, site)
    _add_list(blueprint, site, listing_schema(site.kinds))
    _add_read(blueprint, site)
    _add_rejects(blueprint, site)
    _add_cancel(blueprint, site)
    return blueprint


def _add_start(blueprint: ServiceBlueprint, site: ImportSite, asked: type[Schema]) -> None:
    @blueprint.post("")
    @requires(site.scope)
    @audited(site.action("import.started"))
    @blueprint.arguments(asked, location="query")
    @blueprint.arguments(RequestKey, location="headers")
    @blueprint.response(202, ImportView)
    @blueprint.doc(requestBody=descriptions.file_body(site.table, site.objects), operationId=f"start_{site.noun}")
    def post_import(parameters: dict[str, Any], headers: dict[str, str]) -> Response:
        """Import a file, CSV or NDJSON, which is the body. Larger than 1 GB, it comes in parts."""
        job, replayed = start_import(
            own_transactions(),
            site.imports,
            _asked(site, parameters, headers.get("key")),
            blocks_of_body(),
            whole=parameters["complete"],
            now=clock.now,
        )
        audit_subject(job.id)
        told = {"Location": f"{site.path}/{job.id}"}
        return json_response(import_state(job), 202, told | ({"Idempotency-Replayed": "true"} if replayed else {}))


def _asked(site: ImportSite, parameters: dict[str, Any], key: str | None) -> Request:
    format_ = format_of_body()
    mark, kind = parameters.get("delimiter"), site.kind(parameters)
    return Request(
        publisher_id=current_publisher_id(),
        kind=kind,
        editor=current_caller(),
        name=parameters.get("name"),
        digest=parameters.get("digest"),
        dry_run=parameters["dry_run"],
        asked=Asked(
            format=parameters.get("format") or format_,
            encoding=parameters.get("encoding"),
            delimiter=DELIMITERS[mark] if mark else None,
            wishes=wishes_of(site.imports.kinds[kind].vocabulary, parameters["map"], parameters["set"]),
        ),
        key=request_key(key),
        fingerprint=hashlib.sha256(request.query_string).hexdigest(),
    )


def _add_content(blueprint: ServiceBlueprint, site: ImportSite) -> None:
    @blueprint.post("/<import_id>/content")
    @requires(site.scope)
    @audited(site.action("import.continued"), subject="import_id")
    @blueprint.arguments(AppendContent, location="query")
    @blueprint.response(202, ImportView)
    @blueprint.alt_response(409, schema=descriptions.WrongOffsetView, **descriptions.WRONG_OFFSET)
    @blueprint.doc(
        requestBody=descriptions.file_body(site.table, site.objects), operationId=f"append_{site.noun}_content"
    )
    def post_content(parameters: dict[str, Any], import_id: str) -> Response:
        """Send what follows of an import's file. Repeated, it changes nothing: `offset` says where it belongs."""
        format_of_body()
        job = take_in(
            own_transactions(),
            site.imports,
            import_id=import_id,
            publisher_id=current_publisher_id(),
            blocks=blocks_of_body(),
            offset=parameters["offset"],
            whole=parameters["complete"],
            now=clock.now,
        )
        return json_response(import_state(job), 202)


def _add_list(blueprint: ServiceBlueprint, site: ImportSite, asked: type[Schema]) -> None:
    @blueprint.get("")
    @requires(site.scope)
    @audited(site.action("import.listed"))
    @blueprint.arguments(asked, location="query")
    @blueprint.response(200, ImportPage)
    @blueprint.doc(operationId=f"list_{site.noun}s")
    def get_imports(parameters: dict[str, Any]) -> Response:
        """List imports, newest first."""
        jobs, cursor = list_imports(
            current_session(), site.imports.tables, publisher_id=current_publisher_id(), **parameters
        )
        return json_response({"items": [import_state(job) for job in jobs], "next_cursor": cursor})


def _add_read(blueprint: ServiceBlueprint, site: ImportSite) -> None:
    @blueprint.get("/<import_id>")
    @requires(site.scope)
    @audited(site.action("import.read"), subject="import_id")
    @blueprint.response(200, ImportView)
    @blueprint.doc(operationId=f"get_{site.noun}")
    def get_import(import_id: str) -> Response:
        """Read an import: how far it is, what became of its rows."""
        job = find_import(current_session(), site.imports.tables, current_publisher_id(), import_id)
        return json_response(import_state(job))


def _add_rejects(blueprint: ServiceBlueprint, site: ImportSite) -> None:
    @blueprint.get("/<import_id>/rejects")
    @requires(site.scope)
    @audited(site.action("rejects.read"), subject="import_id")
    @blueprint.response(200, {"type": "string"}, content_type="text/csv", **descriptions.rejected(site.bad_table))
    @blueprint.response(
        200, {"type": "string"}, content_type="application/x-ndjson", **descriptions.rejected(site.bad_objects)
    )
    @blueprint.doc(operationId=f"get_{site.noun}_rejects")
    def get_rejects(import_id: str) -> Response:
        """Fetch the rejected rows in the file's own format, each with its number, the column and the reason.

        Needs the scope `personal:read` as well.
        """
        require_personal()
        job = find_import(current_session(), site.imports.tables, current_publisher_id(), import_id)
        objects = job.dialect["format"] == "ndjson"
        kind, ending = ("application/x-ndjson", "ndjson") if objects else ("text/csv", "csv")
        headers = {"Content-Disposition": f'attachment; filename="rejects-{job.id}.{ending}"'}
        content = rejects_file(own_transactions(), site.imports.tables, job)
        return Response(content, 200, headers, content_type=f"{kind}; charset=utf-8")


def _add_cancel(blueprint: ServiceBlueprint, site: ImportSite) -> None:
    @blueprint.post("/<import_id>/cancel")
    @requires(site.scope)
    @audited(site.action("import.canceled"), subject="import_id")
    @idempotent
    @blueprint.response(200, ImportView)
    @blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId=f"cancel_{site.noun}")
    def post_cancel(import_id: str) -> Response:
        """Cancel an import. The rows that went in stay; doing it again changes nothing."""
        job = cancel_import(
            current_session(),
            site.imports.tables,
            publisher_id=current_publisher_id(),
            import_id=import_id,
            now=clock.now(),
        )
        return json_response(import_state(job))

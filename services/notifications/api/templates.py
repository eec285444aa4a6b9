"""Templates: what mails say, edited by the publisher."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request
from sqlalchemy import select

from servicekit import clock
from servicekit.clock import rfc3339
from servicekit.errors import FieldError
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.cursors import decode_cursor, encode_cursor
from servicekit.web.describing import IF_MATCH, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.json_body import json_response
from servicekit.web.presenting import require_personal
from services.notifications.api.common import MANAGE, PREFIX, mail_defaults
from services.notifications.checking import VARIABLES, names_in
from services.notifications.errors import InvalidTemplate, TemplateNotFound, TemplateVersionNotFound
from services.notifications.kinds import KINDS
from services.notifications.mail_settings import settings_of
from services.notifications.models import TemplateVersion
from services.notifications.previewing import preview_template
from services.notifications.sandbox import TemplateRefused
from services.notifications.schemas import (
    EditTemplate,
    Page,
    PreviewTemplate,
    TemplatePage,
    TemplatePreviewView,
    TemplateVersionDetailsView,
    TemplateVersionPage,
    TemplateView,
)
from services.notifications.template_editing import edit_template
from services.notifications.templates import FIRST, all_newest, newest, source_of, version_of
from services.notifications.views import editor_of, moment
from services.notifications.wording import LANGUAGES, Source, wording

blueprint = ServiceBlueprint(
    "templates", __name__, url_prefix=f"{PREFIX}/templates", description="What mails say, in every language."
)


@blueprint.get("")
@requires(MANAGE)
@blueprint.response(200, TemplatePage)
@blueprint.doc(operationId="list_templates")
def get_templates() -> Response:
    """List all templates: each kind of mail in each language."""
    session, publisher_id = current_session(), current_publisher_id()
    edited = {(row.kind, row.language): row for row in all_newest(session, publisher_id)}
    off = settings_of(session, publisher_id).kinds_off
    items = [_item(kind, language, edited.get((kind, language)), off) for kind in KINDS for language in LANGUAGES]
    return json_response({"items": items, "next_cursor": None})


@blueprint.get("/<kind>/<language>")
@requires(MANAGE)
@blueprint.response(200, TemplateView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_template")
def get_template(kind: str, language: str) -> Response:
    """Read a template: the publisher's own, or the default."""
    _require(kind, language)
    return _shown(kind, language)


@blueprint.put("/<kind>/<language>")
@requires(MANAGE)
@audited("notifications.template.edited")
@blueprint.arguments(EditTemplate)
@blueprint.response(200, TemplateView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_template")
def put_template(body: dict[str, Any], kind: str, language: str) -> Response:
    """Edit a template: mails written from now on say this. It is checked first: `errors` says what is wrong where."""
    _require(kind, language)
    _edit(kind, language, Source(body["subject"], body["html"], body["text"]), if_match())
    return _shown(kind, language)


@blueprint.delete("/<kind>/<language>")
@requires(MANAGE)
@audited("notifications.template.reset")
@blueprint.response(200, TemplateView, headers=WITH_ETAG)
@blueprint.doc(parameters=[{**IF_MATCH, "required": False}], operationId="reset_template")
def delete_template(kind: str, language: str) -> Response:
    """Return to the default. What it said before stays among its versions.

    With `If-Match` only what was read is given up.
    """
    _require(kind, language)
    _edit(kind, language, None, if_match() if "If-Match" in request.headers else None)
    return _shown(kind, language)


@blueprint.get("/<kind>/<language>/versions")
@requires(MANAGE)
@blueprint.arguments(Page, location="query")
@blueprint.response(200, TemplateVersionPage)
@blueprint.doc(operationId="list_template_versions")
def get_versions(parameters: dict[str, Any], kind: str, language: str) -> Response:
    """List a template's versions, newest first: what it said when, and who wrote it."""
    _require(kind, language)
    table = TemplateVersion
    mine = (table.publisher_id == current_publisher_id(), table.kind == kind, table.language == language)
    statement = select(table).where(*mine).order_by(table.version.desc())
    if parameters.get("cursor") is not None:
        (before,) = decode_cursor("template_versions", parameters["cursor"], int)
        statement = statement.where(table.version < min(before, 2**31 - 1))
    rows = current_session().scalars(statement.limit(parameters["limit"] + 1)).all()
    shown = rows[: parameters["limit"]]
    cursor = encode_cursor("template_versions", shown[-1].version) if len(rows) > len(shown) else None
    return json_response({"items": [_version(row) for row in shown], "next_cursor": cursor})


@blueprint.get("/<kind>/<language>/versions/<int:version>")
@requires(MANAGE)
@blueprint.response(200, TemplateVersionDetailsView)
@blueprint.doc(operationId="get_template_version")
def get_version(kind: str, language: str, version: int) -> Response:
    """Read one version of a template; one that was the default with what the default says now."""
    _require(kind, language)
    row = version_of(current_session(), current_publisher_id(), kind, language, version)
    if row is None and version != FIRST:
        raise TemplateVersionNotFound
    default = wording(language).templates[kind]
    source = (source_of(row) if row is not None else None) or default
    told = {
        "version": version,
        "at": moment(row.at) if row is not None else None,
        "editor": editor_of(row) if row is not None else None,
        "is_default": row is None or source_of(row) is None,
        "subject": source.subject,
        "html": source.html,
        "text": source.text,
    }
    return json_response(told)


@blueprint.post("/<kind>/<language>/preview")
@requires(MANAGE)
@audited("notifications.template.previewed")
@blueprint.arguments(PreviewTemplate)
@blueprint.response(200, TemplatePreviewView)
@blueprint.doc(operationId="preview_template")
def post_preview(body: dict[str, Any], kind: str, language: str) -> Response:
    """See what a template makes of a customer's data, or of made-up data. It is checked as for keeping it; nothing
    is kept.

    With `customer_id` it needs the scope `personal:read` as well.
    """
    _require(kind, language)
    if body.get("customer_id") is not None:
        require_personal()
        about(body["customer_id"])
    present = _source(kind, language)
    source = Source(**{part: body.get(part, getattr(present, part)) for part in ("subject", "html", "text")})
    try:
        preview = preview_template(
            current_session(),
            publisher_id=current_publisher_id(),
            kind=kind,
            language=language,
            source=source,
            customer_id=body.get("customer_id"),
            defaults=mail_defaults(),
        )
    except TemplateRefused as error:
        raise InvalidTemplate([FieldError(f"/{error.part}", str(error))]) from None
    return json_response(asdict(preview))


def _require(kind: str, language: str) -> None:
    if kind not in KINDS or language not in LANGUAGES:
        raise TemplateNotFound


def _edit(kind: str, language: str, source: Source | None, expected_version: int | None) -> None:
    edit_template(
        current_session(),
        publisher_id=current_publisher_id(),
        kind=kind,
        language=language,
        source=source,
        expected_version=expected_version,
        editor=current_caller(),
        now=clock.now(),
    )


def _source(kind: str, language: str) -> Source:
    row = newest(current_session(), current_publisher_id(), kind, language)
    return (source_of(row) if row is not None else None) or wording(language).templates[kind]


def _shown(kind: str, language: str) -> Response:
    session, publisher_id = current_session(), current_publisher_id()
    row = newest(session, publisher_id, kind, language)
    source = _source(kind, language)
    told = {
        **_item(kind, language, row, settings_of(session, publisher_id).kinds_off),
        "subject": source.subject,
        "html": source.html,
        "text": source.text,
        "variables": list(VARIABLES),
        "names": names_in(language),
    }
    return json_response(told, 200, {"ETag": etag(told["version"])})


def _item(kind: str, language: str, row: TemplateVersion | None, off: list[str]) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": KINDS[kind].title,
        "language": language,
        "is_default": row is None or source_of(row) is None,
        "enabled": kind not in off,
        "version": row.version if row is not None else FIRST,
        "edited_at": moment(row.at) if row is not None else None,
        "editor": editor_of(row) if row is not None else None,
    }


def _version(row: TemplateVersion) -> dict[str, Any]:
    return {
        "version": row.version,
        "at": rfc3339(row.at),
        "editor": editor_of(row),
        "is_default": source_of(row) is None,
        "subject": row.subject,
        "html": row.html,
        "text": row.text,
    }

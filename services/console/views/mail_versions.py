"""What a template said before: its versions, each as it was, to be used again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem, SessionEnded
from services.console.forms import Form
from services.console.signed_in import api
from services.console.views.mail import THEIRS, only_for_managers, typed
from services.console.views.mail_templates import (
    LABELS,
    PLACE,
    framed_document,
    of_a_template,
    parts_of,
    place_of,
    read,
    template_page,
)

FIRST = 1
"""The version that everybody begins with, the default; the API doesn't list it."""
_ONE = f"{PLACE}/versions/<int:version>"

blueprint = Blueprint("mail_versions", __name__)
blueprint.before_request(only_for_managers)


@blueprint.get(f"{PLACE}/versions")
@of_a_template
def versions(kind: str, language: str) -> Response:
    """All of them, newest first."""
    page = api().get(f"{place_of(kind, language)}/versions", cursor=request.args.get("cursor")).body
    return template_page("mail/versions.html", read(kind, language).body, page=page)


@blueprint.get(_ONE)
@of_a_template
def version(kind: str, language: str, version: int) -> Response:
    """One of them."""
    return _shown(kind, language, version, Form())


@blueprint.get(f"{_ONE}/preview")
@of_a_template
def preview(kind: str, language: str, version: int) -> Response:
    """The mail that it makes of example data, as a document of its own for the frame on its page."""
    then = _read(kind, language, version)
    try:
        shown = api().post(f"{place_of(kind, language)}/preview", parts_of(then)).body
    except SessionEnded:
        raise
    except ApiProblem as problem:
        # In the frame of its page, and with 200: the browser's console is for defects.
        return framed_document(render_template("mail/not_shown.html", problem=problem, labels=LABELS))
    return framed_document(shown["html"])


@blueprint.post(_ONE)
@of_a_template
def use_again(kind: str, language: str, version: int) -> Response:
    """Have mails say this again; only in the place of what was shown to hold now."""
    then, headers = _read(kind, language, version), {"If-Match": typed("version")}
    try:
        if then["is_default"]:
            api().send("DELETE", place_of(kind, language), headers=headers)
        else:
            api().send("PUT", place_of(kind, language), json=parts_of(then), headers=headers)
    except ApiProblem as problem:
        if problem.status not in THEIRS:
            raise
        return _shown(kind, language, version, Form.refused({}, problem), problem.status)
    address = url_for("mail_templates.template", kind=kind, language=language, saved=1)
    return make_response(redirect(address, 303))


def _read(kind: str, language: str, version: int) -> Mapping[str, Any]:
    if not re.fullmatch(r"[1-9][0-9]{0,9}", str(version)):
        abort(404)
    found: Mapping[str, Any] = api().get(f"{place_of(kind, language)}/versions/{version}").body
    return found


def _shown(kind: str, language: str, version: int, form: Form, status: int = 200) -> Response:
    then, answer = _read(kind, language, version), read(kind, language)
    is_now = parts_of(then) == parts_of(answer.body) and then["is_default"] == answer.body["is_default"]
    return template_page(
        "mail/version.html",
        answer.body,
        status,
        then=then,
        is_now=is_now,
        differs=[name for name in LABELS if str(then[name]) != str(answer.body[name])],
        form=form,
        version=answer.headers.get("ETag", ""),
    )

"""What mails of a kind say in a language: edited, previewed, returned to the default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from markupsafe import Markup

from services.console import mailing
from services.console.clients import Answer, ApiProblem, SessionEnded
from services.console.forms import Form
from services.console.protection import FRAMED, WITH_FRAMES
from services.console.reader import language_name
from services.console.sealing import sealed, unsealed
from services.console.sides import Wanted
from services.console.signed_in import api, member
from services.console.views.mail import (
    CHECK_FIRST,
    TEMPLATES,
    THEIRS,
    conflict,
    only_for_managers,
    refused,
    typed,
    typed_lines,
)

PLACE = "/settings/mail/templates/<kind>/<language>"
LABELS: Mapping[str, str] = {"subject": "Subject", "html": "HTML", "text": "Plain text"}
MOST_FOUND = 5
_KIND, _LANGUAGE = re.compile(r"[a-z_]{1,40}"), re.compile(r"[a-z]{2}")
_CUSTOMER = re.compile(r"cus_[a-z0-9]{10,40}")
_LINE = re.compile(r"Line ([0-9]{1,6}): ")
View = Callable[..., Response]

blueprint = Blueprint("mail_templates", __name__)
blueprint.before_request(only_for_managers)


def of_a_template(view: View) -> View:
    """A view below a template's address: only for what an address of the API can be made of."""

    @wraps(view)
    def checked(kind: str, language: str, **more: Any) -> Response:
        if not _KIND.fullmatch(kind) or not _LANGUAGE.fullmatch(language):
            abort(404)
        return view(kind, language, **more)

    return checked


@blueprint.get(PLACE)
@of_a_template
def template(kind: str, language: str) -> Response:
    """The form, with a preview beside it."""
    answer = read(kind, language)
    return _form(answer, Form({**parts_of(answer.body), "version": answer.headers.get("ETag", "")}))


@blueprint.post(PLACE)
@of_a_template
def edit_template(kind: str, language: str) -> Response:
    """Keep what was typed; only against the version that the form was made from."""
    values, version = typed_parts(), typed("version")
    wanted = Wanted.of(request.form, _was(kind, language, version), values)
    if "again" in request.form or wanted.undecided:
        message = CHECK_FIRST if wanted.undecided else ""
        return _form(read(kind, language), Form({**wanted.values, "version": version}, message=message))
    if not wanted.changed:
        return _to(kind, language, saved=1)
    try:
        api().put(place_of(kind, language), dict(wanted.values), **{"If-Match": version})
    except ApiProblem as problem:
        if problem.status == 412:
            return _changed_meanwhile(kind, language, wanted)
        if problem.status not in THEIRS:
            raise
        form = refused({**wanted.values, "version": version}, problem)
        return _form(read(kind, language), form, problem.status)
    return _to(kind, language, saved=1)


@blueprint.get(f"{PLACE}/reset")
@of_a_template
def ask_reset(kind: str, language: str) -> Response:
    """Ask whether it is meant."""
    return _ask_reset(read(kind, language), Form())


@blueprint.post(f"{PLACE}/reset")
@of_a_template
def reset(kind: str, language: str) -> Response:
    """Return to the default; only from the version that was shown."""
    try:
        api().send("DELETE", place_of(kind, language), headers={"If-Match": typed("version")})
    except ApiProblem as problem:
        if problem.status not in THEIRS:
            raise
        return _ask_reset(read(kind, language), Form(message=problem.detail), problem.status)
    return _to(kind, language, saved=1)


@blueprint.post(f"{PLACE}/preview")
@of_a_template
def preview(kind: str, language: str) -> Response:
    """What it makes of example data, or of a customer's: the subject, the text, and the mail sealed for its frame."""
    body: dict[str, Any] = typed_parts()
    customer_id = typed("customer_id")
    if customer_id:
        if not _CUSTOMER.fullmatch(customer_id):
            abort(400)
        body["customer_id"] = customer_id
    try:
        shown = api().post(f"{place_of(kind, language)}/preview", body).body
    except SessionEnded:
        raise
    except ApiProblem as problem:
        return make_response(render_template("mail/preview.html", problem=problem, labels=LABELS))
    document = sealed(shown["html"])
    return make_response(
        render_template("mail/preview.html", shown=shown, document=document, of_customer=bool(customer_id))
    )


@blueprint.post("/settings/mail/framed")
def framed() -> Response:
    """The mail itself, as a document of its own for the frame of the preview."""
    document = unsealed(request.form.get("document", ""))
    if document is None:
        abort(400)
    return framed_document(document)


@blueprint.get("/settings/mail/customers")
def customers() -> Response:
    """Customers to choose from, for a preview with their data."""
    q = request.args.get("q", "").strip()[:200]
    found: list[Mapping[str, Any]] = []
    message = ""
    try:
        if q and member().may("search:read"):
            columns = ["email", "first_name", "last_name"]
            asked = {"q": q, "limit": MOST_FOUND, "columns": columns}
            found = api().post("/v1/search/customers/query", asked).body["items"]
            message = "" if found else "Nobody found."
    except SessionEnded:
        raise
    except ApiProblem as problem:
        message = problem.detail
    return make_response(render_template("mail/customers.html", found=found, message=message))


def framed_document(document: str) -> Response:
    """HTML from outside: under the policy of a document that can do nothing."""
    answer = Response(document, content_type="text/html; charset=utf-8")
    answer.headers.update(FRAMED)
    return answer


def place_of(kind: str, language: str) -> str:
    """Where the API has a template."""
    return f"{TEMPLATES}/{kind}/{language}"


def read(kind: str, language: str) -> Answer:
    """A template as the API has it now. Raises ApiProblem."""
    return api().get(place_of(kind, language))


def parts_of(told: Mapping[str, Any]) -> dict[str, str]:
    """What a template, or a version of one, says."""
    return {name: str(told[name]) for name in LABELS}


def typed_parts() -> dict[str, str]:
    """What was typed."""
    return {"subject": typed("subject"), "html": typed_lines("html"), "text": typed_lines("text")}


def template_page(name: str, told: Mapping[str, Any], status: int = 200, /, **more: Any) -> Response:
    """A page about a template, which can show mails in frames."""
    shown = render_template(
        name,
        template=told,
        kind_name=mailing.KINDS.get(told["kind"]) or told["title"],
        language_shown=language_name(told["language"]) or told["language"],
        labels=LABELS,
        **more,
    )
    answer = make_response(shown, status)
    answer.headers["Content-Security-Policy"] = WITH_FRAMES
    return answer


def _was(kind: str, language: str, version: str) -> dict[str, str]:
    """What the template said when the form was made. Raises ApiProblem."""
    number = re.fullmatch(r'"([1-9][0-9]{0,9})"', version)
    if number is None:
        abort(400)
    try:
        return parts_of(api().get(f"{place_of(kind, language)}/versions/{number[1]}").body)
    except ApiProblem as problem:
        if problem.code != "template_version_not_found":
            raise
        abort(400)


def _changed_meanwhile(kind: str, language: str, wanted: Wanted) -> Response:
    answer = read(kind, language)
    now = parts_of(answer.body)
    if wanted.is_done(now):
        return _to(kind, language, saved=1)
    name = f"{mailing.kind_name(kind)}, {language_name(language) or language}"
    return conflict(
        wanted,
        labels=LABELS,
        now=now,
        present=answer.body,
        etag=answer.headers.get("ETag", ""),
        shown=lambda _part, source: Markup('<span class="source">{}</span>').format(source),
        place={
            "title": name,
            "action": url_for("mail_templates.edit_template", kind=kind, language=language),
            "above": name,
            "back": url_for("mail_templates.template", kind=kind, language=language),
        },
    )


def _form(answer: Answer, form: Form, status: int = 200) -> Response:
    everything = api().get(TEMPLATES).body["items"]
    return template_page(
        "mail/template.html",
        answer.body,
        status,
        form=form,
        languages=[
            (each["language"], language_name(each["language"]) or each["language"], each["is_default"])
            for each in everything
            if each["kind"] == answer.body["kind"]
        ],
        lines={name: found[1] for name in LABELS if (found := _LINE.match(form.error(name)))},
        saved="saved" in request.args and status == 200,
    )


def _ask_reset(answer: Answer, form: Form, status: int = 200) -> Response:
    return template_page("mail/reset.html", answer.body, status, form=form, version=answer.headers.get("ETag", ""))


def _to(kind: str, language: str, **parameters: Any) -> Response:
    address = url_for("mail_templates.template", kind=kind, language=language, **parameters)
    return make_response(redirect(address, 303))

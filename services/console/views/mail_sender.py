"""Whom mails come from, how they look, and who delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from markupsafe import Markup

from services.console.choices import time_zones
from services.console.clients import Answer, ApiProblem
from services.console.forms import Form
from services.console.mail_form import (
    DELIVERIES,
    LABELS,
    MOST_LOGO_BYTES,
    TYPED,
    WRONG_LOGO,
    known_by,
    patch,
    picture_of,
    sent_back,
    values_of,
)
from services.console.reader import NOTHING, language_name
from services.console.sides import Wanted
from services.console.signed_in import api
from services.console.views.mail import (
    AT_THE_FIELDS,
    CHECK_FIRST,
    SETTINGS,
    TEMPLATES,
    THEIRS,
    conflict,
    only_for_managers,
    refused,
    typed_lines,
)

blueprint = Blueprint("mail_sender", __name__)
blueprint.before_request(only_for_managers)


@blueprint.get("/settings/mail/sender")
def settings() -> Response:
    """The form."""
    answer = api().get(SETTINGS)
    values = values_of(answer.body)
    return _form(answer, Wanted(answer.headers.get("ETag", ""), values, values), Form(values))


@blueprint.post("/settings/mail/sender")
def edit_settings() -> Response:
    """Change what differs; only against the version that the form was made from."""
    was = {name: request.form.get(f"was.{name}", "").replace("\r\n", "\n") for name in LABELS}
    picture, error = _picture()
    values = {name: typed_lines(name).strip() for name in TYPED} | {"logo": _logo(was, picture)}
    wanted = Wanted.of(request.form, was, values)
    if error:
        return _refused(wanted, "", Form(wanted.values, {"logo": error}, AT_THE_FIELDS), 422)
    if "again" in request.form or wanted.undecided:
        return _refused(wanted, picture, Form(wanted.values, message=CHECK_FIRST if wanted.undecided else ""))
    if not wanted.changed:
        return _saved()
    try:
        api().send("PATCH", SETTINGS, json=patch(wanted, picture), headers={"If-Match": wanted.version})
    except ApiProblem as problem:
        if problem.status == 412:
            return _changed_meanwhile(wanted, picture)
        if problem.status not in THEIRS:
            raise
        return _refused(wanted, picture, refused(wanted.values, problem), problem.status)
    return _saved()


def _picture() -> tuple[str, str]:
    """The new logo as a data URI, empty for none; and what is wrong with the file."""
    given = request.files.get("logo_file")
    content = given.read(MOST_LOGO_BYTES + 1) if given is not None else b""
    if not content:
        return sent_back(request.form.get("logo_kept", "")), ""
    picture = picture_of(content)
    return (picture, "") if picture is not None else ("", WRONG_LOGO)


def _logo(was: Mapping[str, str], picture: str) -> str:
    """What the logo is to be known by."""
    if picture:
        return known_by(picture)
    return "" if "logo_removed" in request.form else was["logo"]


def _changed_meanwhile(wanted: Wanted, picture: str) -> Response:
    answer = api().get(SETTINGS)
    now = values_of(answer.body)
    if wanted.is_done(now):
        return _saved()
    pictures = {known_by(one): one for one in (picture, answer.body["logo"] or "") if one}
    return conflict(
        wanted,
        labels=LABELS,
        now=now,
        present=answer.body,
        etag=answer.headers.get("ETag", ""),
        shown=lambda name, value: _shown(name, value, pictures),
        place={
            "title": "Sender and look",
            "action": url_for("mail_sender.edit_settings"),
            "above": "Sender and look",
            "back": url_for("mail_sender.settings"),
        },
        carried=_carried(wanted, picture),
    )


def _carried(wanted: Wanted, picture: str) -> dict[str, str]:
    """What becomes of the logo, for a form without a file."""
    if "logo" not in wanted.changed:
        return {}
    return {"logo_kept": picture} if wanted.values["logo"] else {"logo_removed": "yes"}


def _shown(name: str, value: str, pictures: Mapping[str, str]) -> Markup:
    """A value for people; a dash for none."""
    if not value:
        return NOTHING
    if name == "logo":
        picture = pictures.get(value)
        known = Markup('<img class="logo-shown" src="{}" alt="This logo">').format(picture)
        return known if picture else Markup("Another picture")
    if name == "delivery":
        return Markup("{}").format(DELIVERIES[value][0] if value in DELIVERIES else value)
    if name == "language":
        return Markup("{}").format(language_name(value) or value)
    if name == "color":
        return Markup('<code class="id">{}</code>').format(value)
    return Markup('<span class="several-lines">{}</span>').format(value)


def _saved() -> Response:
    return make_response(redirect(url_for("mail_sender.settings", saved=1), 303))


def _refused(wanted: Wanted, picture: str, form: Form, status: int = 200) -> Response:
    return _form(api().get(SETTINGS), wanted, form, picture=picture, status=status)


def _form(answer: Answer, wanted: Wanted, form: Form, *, picture: str = "", status: int = 200) -> Response:
    """The form with what is wanted, against the version that it was made from."""
    present: Mapping[str, Any] = answer.body
    zones = [(zone, zone) for zone in time_zones()]
    if form.value("time_zone") not in time_zones():
        zones.insert(0, (form.value("time_zone"), form.value("time_zone")))
    languages = list(dict.fromkeys(each["language"] for each in api().get(TEMPLATES).body["items"]))
    shown = render_template(
        "mail/sender.html",
        form=form,
        wanted=wanted,
        present=present,
        picture=picture,
        removed=not wanted.values["logo"] and bool(wanted.was["logo"]),
        zones=zones,
        languages=[(language, language_name(language) or language) for language in languages],
        deliveries=DELIVERIES,
        saved="saved" in request.args and status == 200,
    )
    return make_response(shown, status)

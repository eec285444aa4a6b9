"""The kinds of mail there are: which are sent, in which languages, and what the publisher made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from markupsafe import Markup

from services.console import mailing
from services.console.clients import Answer, ApiProblem
from services.console.forms import Form
from services.console.sides import Wanted
from services.console.signed_in import api
from services.console.views.mail import CHECK_FIRST, SETTINGS, TEMPLATES, THEIRS, conflict, only_for_managers

ON = "yes"

blueprint = Blueprint("mail_kinds", __name__)
blueprint.before_request(only_for_managers)


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind of mail, as the list has it. ``last`` is the template of it that was edited last, in any language."""

    kind: str
    name: str
    templates: list[Mapping[str, Any]]

    @property
    def own(self) -> list[str]:
        """The languages in which the publisher has its own wording."""
        return [str(each["language"]) for each in self.templates if not each["is_default"]]

    @property
    def last(self) -> Mapping[str, Any] | None:
        """Whichever was edited last; None while none was."""
        edited = [each for each in self.templates if each["edited_at"] is not None]
        return max(edited, key=lambda each: str(each["edited_at"]), default=None)


@blueprint.get("/settings/mail")
def kinds() -> Response:
    """All of them."""
    answer = api().get(SETTINGS)
    return _list(answer, _on(answer.body), Form())


@blueprint.post("/settings/mail")
def turn_on_and_off() -> Response:
    """Turn kinds on and off; only what differs, and only against the version that the form was made from."""
    was = {name.removeprefix("was."): value for name, value in request.form.items() if name.startswith("was.")}
    wanted = Wanted.of(request.form, was, {kind: request.form.get(kind, "") for kind in was})
    if "again" in request.form or wanted.undecided:
        return _again(wanted, CHECK_FIRST if wanted.undecided else "")
    if not wanted.changed:
        return _saved()
    body = {"kinds": {kind: wanted.values[kind] == ON for kind in wanted.changed}}
    try:
        api().send("PATCH", SETTINGS, json=body, headers={"If-Match": wanted.version})
    except ApiProblem as problem:
        if problem.status == 412:
            return _changed_meanwhile(wanted)
        if problem.status not in THEIRS:
            raise
        return _again(wanted, problem.detail, problem.status)
    return _saved()


def _changed_meanwhile(wanted: Wanted) -> Response:
    answer = api().get(SETTINGS)
    now = _on(answer.body)
    if wanted.is_done(now):
        return _saved()
    return conflict(
        wanted,
        labels={kind: mailing.kind_name(kind) for kind in wanted.values if kind in now},
        now=now,
        present=answer.body,
        etag=answer.headers.get("ETag", ""),
        shown=lambda _kind, value: Markup("Sent") if value == ON else Markup("Not sent"),
        place={
            "title": "Mail",
            "action": url_for("mail_kinds.turn_on_and_off"),
            "above": "Mail",
            "back": url_for("mail_kinds.kinds"),
        },
    )


def _saved() -> Response:
    return make_response(redirect(url_for("mail_kinds.kinds", saved=1), 303))


def _again(wanted: Wanted, message: str, status: int = 200) -> Response:
    """The list with what was wanted, against the version that it was made from."""
    answer = api().get(SETTINGS)
    headers = {**answer.headers, "ETag": wanted.version}
    shown = Answer({**answer.body, "kinds": {kind: value == ON for kind, value in wanted.was.items()}}, headers)
    return _list(shown, wanted.values, Form(message=message), status)


def _on(settings: Mapping[str, Any]) -> dict[str, str]:
    return {str(kind): ON if on else "" for kind, on in settings["kinds"].items()}


def _list(answer: Answer, chosen: Mapping[str, str], form: Form, status: int = 200) -> Response:
    shown = render_template(
        "mail/kinds.html",
        rows=list(_rows(api().get(TEMPLATES).body["items"])),
        settings=answer.body,
        version=answer.headers.get("ETag", ""),
        was=_on(answer.body),
        chosen=chosen,
        form=form,
        mailing=mailing,
        saved="saved" in request.args and status == 200,
    )
    return make_response(shown, status)


def _rows(templates: Iterable[Mapping[str, Any]]) -> Iterable[KindRow]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in templates:
        found.setdefault(str(each["kind"]), []).append(each)
    for kind, of_it in found.items():
        yield KindRow(kind, mailing.KINDS.get(kind) or str(of_it[0]["title"]), of_it)

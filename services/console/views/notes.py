"""Notes about a customer, and the customer's flags: shown, written, edited, deleted."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request

from services.console.clients import ApiProblem, SessionEnded
from services.console.flags import Flag, all_flags, named
from services.console.prose import with_links
from services.console.signed_in import api, member
from services.console.views.customer import a_customers_own, dialog, panel

blueprint = Blueprint("notes", __name__)
WRITES = "notes:write"
PAGE_SIZE = 20
MOST_CHARACTERS = 2_500
_NOTE_ID = re.compile(r"note_[a-z0-9]{10,40}\Z")
_ETAG = re.compile(r'"[1-9][0-9]{0,17}"\Z')
_KEY = re.compile(r"[0-9a-f]{32}\Z")
# What of a refusal belongs into the form.
_OF_FORM = (400, 403, 404, 409, 412, 413, 422)


@blueprint.get("/customers/<customer_id>/notes")
@panel
def notes(customer_id: str) -> Response:
    """The panel; with a cursor, the older notes."""
    return make_response(_panel(customer_id, request.args.get("cursor")))


@blueprint.post("/customers/<customer_id>/notes")
@a_customers_own
def add_note(customer_id: str) -> Response:
    """Write a note; else the panel again, with what was typed and what is wrong with it."""
    typed, flags = request.form.get("text", ""), request.form.getlist("flags")
    key = request.form.get("key", "")
    key = key if _KEY.match(key) else secrets.token_hex(16)
    body = {"customer_id": customer_id, "text": typed, "flags": flags}
    try:
        api().post("/v1/notes", body, **{"Idempotency-Key": key})
    except SessionEnded:
        raise
    except ApiProblem as problem:
        if problem.status not in _OF_FORM:
            raise
        return make_response(_panel(customer_id, typed=typed, chosen=flags, error=_said(problem)))
    return _changed(customer_id, "Note added.")


@blueprint.get("/customers/<customer_id>/notes/edit")
@dialog
def edit_note(customer_id: str) -> Response:
    """The form that edits a note."""
    note = _note_to_change()
    return _form(customer_id, note, etag=f'"{note["version"]}"', typed=note["text"] or "", chosen=note["flags"])


@blueprint.post("/customers/<customer_id>/notes/edit")
@dialog
def post_edit_note(customer_id: str) -> Response:
    """Save it; else the form again, also when somebody else was faster: then with what it reads now."""
    note_id, etag = _note_id(), request.form.get("etag", "")
    typed, flags = request.form.get("text", ""), request.form.getlist("flags")
    if not _ETAG.match(etag):
        abort(400)
    try:
        api().send("PATCH", _address(note_id), json={"text": typed, "flags": flags}, headers={"If-Match": etag})
    except SessionEnded:
        raise
    except ApiProblem as problem:
        if problem.status not in _OF_FORM or problem.status == 404:
            raise
        now = api().get(_address(note_id)).body
        conflict = now if problem.status == 412 else None
        if conflict:
            etag = f'"{now["version"]}"'
        return _form(customer_id, now, etag=etag, typed=typed, chosen=flags, error=_said(problem), conflict=conflict)
    return _changed(customer_id, "Note saved.")


@blueprint.get("/customers/<customer_id>/notes/delete")
@dialog
def ask_delete(customer_id: str) -> Response:
    """Ask whether it is meant."""
    return _question(customer_id, _note_to_change())


@blueprint.post("/customers/<customer_id>/notes/delete")
@dialog
def post_delete(customer_id: str) -> Response:
    """Delete it, unless it reads otherwise by now; one that is gone already is as it should be."""
    note_id, etag = _note_id(), request.form.get("etag", "")
    if not _ETAG.match(etag):
        abort(400)
    try:
        api().send("DELETE", _address(note_id), headers={"If-Match": etag})
    except SessionEnded:
        raise
    except ApiProblem as problem:
        if problem.status == 412:
            return _question(customer_id, api().get(_address(note_id)).body, changed=True)
        if problem.status != 404:
            raise
    return _changed(customer_id, "Note deleted.")


@blueprint.get("/customers/<customer_id>/flags")
@panel
def flags(customer_id: str) -> Response:
    """The customer's flags, on top of the page."""
    summary = api().get(f"/v1/notes/customers/{customer_id}").body
    return make_response(_strip(customer_id, summary, all_flags(api())))


@blueprint.get("/customers/<customer_id>/flags/edit")
@dialog
def edit_flags(customer_id: str) -> Response:
    """Which there are, to choose from."""
    if not member().may(WRITES):
        abort(403)
    return _flags_form(customer_id, api().get(f"/v1/notes/customers/{customer_id}").body)


@blueprint.post("/customers/<customer_id>/flags/edit")
@dialog
def post_flags(customer_id: str) -> Response:
    """Set and clear what was changed in the form, and only that."""
    before, wanted = set(request.form.getlist("before")), set(request.form.getlist("flags"))
    base, known = f"/v1/notes/customers/{customer_id}", all_flags(api())
    summary = api().get(base).body
    try:
        for flag in known:
            if (flag.key in wanted) != (flag.key in before):
                method = "PUT" if flag.key in wanted else "DELETE"
                summary = api().send(method, f"{base}/flags/{flag.key}").body
    except SessionEnded:
        raise
    except ApiProblem as problem:
        if problem.status not in _OF_FORM:
            raise
        return _flags_form(customer_id, api().get(base).body, error=_said(problem))
    response = make_response(_strip(customer_id, summary, known))
    response.headers["HX-Retarget"] = "#flag-strip"
    response.headers["HX-Trigger"] = '{"customer-saved": {"told": "Flags saved."}}'
    return response


def _panel(
    customer_id: str, cursor: str | None = None, *, typed: str = "", chosen: Sequence[str] = (), error: str = ""
) -> str:
    page = api().get("/v1/notes", customer_id=customer_id, cursor=cursor, limit=PAGE_SIZE).body
    known = all_flags(api())
    return render_template(
        "customer/notes_more.html" if cursor else "customer/notes.html",
        customer_id=customer_id,
        page=page,
        flags=[flag for flag in known if not flag.retired],
        named=lambda keys: named(keys, known),
        with_links=with_links,
        may_write=member().may(WRITES) and not any(note["erased_at"] for note in page["items"]),
        most=MOST_CHARACTERS,
        typed=typed,
        chosen=chosen,
        error=error,
        key=secrets.token_hex(16),
    )


def _strip(customer_id: str, summary: dict[str, Any], known: Sequence[Flag]) -> str:
    on_notes = [key for key in summary["flags"] if key not in summary["customer_flags"]]
    return render_template(
        "customer/flags.html",
        customer_id=customer_id,
        own=named(summary["customer_flags"], known),
        on_notes=named(on_notes, known),
        may_write=member().may(WRITES),
    )


def _form(
    customer_id: str,
    note: dict[str, Any],
    *,
    etag: str,
    typed: str,
    chosen: Sequence[str],
    error: str = "",
    conflict: dict[str, Any] | None = None,
) -> Response:
    known = all_flags(api())
    return make_response(
        render_template(
            "customer/note_edit.html",
            customer_id=customer_id,
            note=note,
            etag=etag,
            typed=typed,
            chosen=chosen,
            flags=[flag for flag in known if not flag.retired or flag.key in note["flags"]],
            most=MOST_CHARACTERS,
            error=error,
            conflict=conflict,
            with_links=with_links,
        )
    )


def _question(customer_id: str, note: dict[str, Any], *, changed: bool = False) -> Response:
    shown = render_template(
        "customer/note_delete.html", customer_id=customer_id, note=note, changed=changed, with_links=with_links
    )
    return make_response(shown)


def _flags_form(customer_id: str, summary: dict[str, Any], *, error: str = "") -> Response:
    own = summary["customer_flags"]
    offered = [flag for flag in all_flags(api()) if not flag.retired or flag.key in own]
    return make_response(
        render_template("customer/flags_edit.html", customer_id=customer_id, flags=offered, own=own, error=error)
    )


def _changed(customer_id: str, told: str) -> Response:
    """The panel anew; the script closes the dialog, and the flags on top are asked for again."""
    response = make_response(_panel(customer_id))
    response.headers["HX-Retarget"] = "#panel-notes [data-panel]"
    response.headers["HX-Trigger"] = f'{{"customer-saved": {{"told": "{told}"}}, "notes-changed": {{}}}}'
    return response


def _note_to_change() -> dict[str, Any]:
    """The note that the address names, for those who may change it: others aren't shown the form."""
    note: dict[str, Any] = api().get(_address(_note_id())).body
    if not note["may_edit"]:
        abort(403)
    return note


def _note_id() -> str:
    note_id = request.args.get("note", "")
    if not _NOTE_ID.match(note_id):
        abort(404)
    return note_id


def _address(note_id: str) -> str:
    return f"/v1/notes/{note_id}"


def _said(problem: ApiProblem) -> str:
    return " ".join(problem.errors.values()) if problem.status == 422 and problem.errors else problem.detail

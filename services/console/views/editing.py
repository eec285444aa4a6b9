"""Editing a customer (C2), also when somebody else does so at the same time (C3)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request

from servicekit import clock
from services.console.changes import shown
from services.console.choices import options
from services.console.clients import Answer, ApiProblem, SessionEnded
from services.console.editing import FIELDS, Edit, Unreadable, differences, field_errors, values
from services.console.signed_in import api, member, reader
from services.console.views.customer import dialog, read, summary_of

blueprint = Blueprint("editing", __name__)
EMAIL_NOT_CONFIRMED = "Confirm that the customer is to sign in with this address from now on."


@blueprint.get("/customers/<customer_id>/edit")
@dialog
def edit(customer_id: str) -> Response:
    """The form."""
    if not member().may("customers:write"):
        abort(403)
    answer = read(customer_id)
    now = values(answer.body)
    return _form(customer_id, Edit(answer.headers["ETag"], now, now))


@blueprint.post("/customers/<customer_id>/edit")
@dialog
def post_edit(customer_id: str) -> Response:
    """Save what was changed; else the form again, with what stands in the way, or the conflict."""
    try:
        wanted = Edit.of(request.form)
    except Unreadable:
        abort(400)
    if "again" in request.form:
        return _form(customer_id, wanted)
    if wanted.undecided:
        return _form(customer_id, wanted, message="Somebody else changed this too. Check it, then save.")
    if wanted.changes_email and not wanted.email_confirmed:
        return _form(customer_id, wanted, errors={"email_confirmed": EMAIL_NOT_CONFIRMED})
    if not wanted.changed:
        return _saved(read(customer_id), "Nothing was changed.")
    return _save(customer_id, wanted)


def _save(customer_id: str, wanted: Edit) -> Response:
    try:
        answer = api().send(
            "PATCH", f"/v1/customers/{customer_id}", json=wanted.patch(), headers={"If-Match": wanted.etag}
        )
        return _saved(answer, "Saved.")
    except SessionEnded:
        raise
    except ApiProblem as problem:
        if problem.status == 412:
            return _changed_meanwhile(customer_id, wanted, problem)
        errors, elsewhere = field_errors(problem.errors)
        message = " ".join(elsewhere) or ("" if errors else problem.detail)
        return _form(customer_id, wanted, errors=errors, message=message, problem=problem)


def _changed_meanwhile(customer_id: str, wanted: Edit, problem: ApiProblem) -> Response:
    """Somebody was faster: that was this very edit, sent twice, or else whoever edits decides."""
    try:
        answer = read(customer_id)
    except SessionEnded:
        raise
    except ApiProblem as unreadable:
        return _form(customer_id, wanted, message=unreadable.detail, problem=unreadable)
    if wanted.is_done(answer.body):
        return _saved(answer, "Saved.")
    changes = problem.document.get("changes") or []
    found = differences(wanted, answer.body, changes)
    return _fragment(
        "customer/conflict.html",
        customer_id=customer_id,
        edit=wanted.onto(answer.body, answer.headers["ETag"]),
        conflicts=[each for each in found if each.is_conflict],
        mine=[each for each in found if each.is_mine],
        theirs=[each for each in found if not each.is_conflict and not each.is_mine],
        entries=changes,
        shown=lambda name, value: shown(name, value, reader()),
    )


def _form(
    customer_id: str,
    edit: Edit,
    *,
    errors: dict[str, str] | None = None,
    message: str = "",
    problem: ApiProblem | None = None,
) -> Response:
    return _fragment(
        "customer/edit.html",
        customer_id=customer_id,
        edit=edit,
        fields=[field for field in FIELDS if field.name in edit.was],
        errors=errors or {},
        message=message,
        taken=problem is not None and problem.code == "email_taken",
        today=clock.now().date().isoformat(),
        options=options,
    )


def _saved(answer: Answer, told: str) -> Response:
    """The summary anew, in its panel; the script closes the dialog."""
    response = make_response(summary_of(answer.body))
    response.headers["HX-Retarget"] = "#panel-summary [data-panel]"
    response.headers["HX-Trigger"] = f'{{"customer-saved": {{"told": "{told}"}}}}'
    return response


def _fragment(template: str, **context: Any) -> Response:
    """A dialog's inside, with 200 also for a form that wasn't taken: the browser's console is for defects."""
    return make_response(render_template(template, **context))

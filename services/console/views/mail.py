"""What the pages about mails share: who may see them, where the API has them, and the page of a conflict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, abort, make_response, render_template, request
from markupsafe import Markup

from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.sides import Wanted, sides
from services.console.signed_in import member

SETTINGS = "/v1/notifications/settings"
TEMPLATES = "/v1/notifications/templates"
SCOPE = "notifications:manage"
THEIRS = (409, 412, 422)
"""Statuses of what whoever edits can mend."""
AT_THE_FIELDS = "Nothing was saved. What is wrong is said at its field."
CHECK_FIRST = "Somebody else changed this too. Check it, then save."


def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


def typed(name: str) -> str:
    """What was typed into a field of one line."""
    return request.form.get(name, "").strip()


def typed_lines(name: str) -> str:
    """What was typed into a field of several lines; a form sends CRLF."""
    return request.form.get(name, "").replace("\r\n", "\n")


def refused(values: Mapping[str, str], problem: ApiProblem) -> Form:
    """The form after the API refused it; what it says of fields stands at them."""
    form = Form.refused(values, problem)
    return form if not form.errors else Form(form.values, form.errors, AT_THE_FIELDS)


def conflict(
    wanted: Wanted,
    *,
    labels: Mapping[str, str],
    now: Mapping[str, str],
    present: Mapping[str, Any],
    etag: str,
    shown: Callable[[str, str], Markup],
    place: Mapping[str, str],
    carried: Mapping[str, str] | None = None,
) -> Response:
    """What somebody else changed meanwhile, to choose from.

    ``present`` says who did, and when; ``place`` has the page's ``title``, where its form goes (``action``) and what
    stands above it (``above``, at ``back``). ``carried`` goes on in the form as it is.
    """
    found = sides(labels, wanted, now)
    page = render_template(
        "mail/conflict.html",
        conflicts=[each for each in found if each.is_conflict],
        mine=[each for each in found if each.is_mine and each.mine != each.was],
        theirs=[each for each in found if not each.is_conflict and not each.is_mine],
        fields=found,
        etag=etag,
        present=present,
        shown=shown,
        place=place,
        carried=carried or {},
    )
    return make_response(page, 412)

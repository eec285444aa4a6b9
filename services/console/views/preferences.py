"""How one likes things shown: theme, language, time zone, and the list's columns."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from services.console.choices import language_choices, time_zones
from services.console.clients import ApiProblem
from services.console.columns import BY_NAME, DEFAULT, SORTED_BY
from services.console.listing import PAGE_SIZES
from services.console.protection import safe_next
from services.console.reader import THEMES
from services.console.signed_in import api, ask_anew

blueprint = Blueprint("preferences", __name__)
_ADDRESS = "/v1/identity/me/preferences"


@blueprint.get("/preferences")
def page() -> Response:
    """All of them but the list's, which are set where the list is."""
    return _page(_read(), {})


@blueprint.post("/preferences")
def save() -> Response:
    """Keep what was chosen."""
    theme = request.form.get("theme", "auto")
    chosen = {
        "theme": theme if theme in THEMES else "auto",
        "language": request.form.get("language") or None,
        "time_zone": request.form.get("time_zone") or None,
    }
    try:
        return _keep(chosen, safe_next(request.form.get("next")))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        shown = _page({**_read(), **chosen}, problem.errors)
        shown.status_code = 422
        return shown


@blueprint.post("/preferences/theme")
def save_theme() -> Response:
    """Only the theme, from the menu."""
    theme = request.form.get("theme", "auto")
    return _keep({"theme": theme if theme in THEMES else "auto"}, safe_next(request.form.get("next")))


@blueprint.post("/preferences/columns")
def save_columns() -> Response:
    """The list's columns in the order in which they were sent; ``reset`` brings the usual ones back."""
    names = [name for name in dict.fromkeys(request.form.getlist("column")) if name in BY_NAME]
    usual = "reset" in request.form or names in ([], list(DEFAULT))
    size, sort = request.form.get("page_size", ""), request.form.get("sort", "")
    customer_list: dict[str, Any] = {
        "columns": None if usual else names,
        "page_size": int(size) if size in map(str, PAGE_SIZES) else PAGE_SIZES[1],
        "sort": sort if sort.removeprefix("-") in SORTED_BY else None,
    }
    if "reset" in request.form:
        customer_list = {"columns": None, "page_size": PAGE_SIZES[1], "sort": None}
    return _keep({"customer_list": customer_list}, safe_next(request.form.get("next")))


def _read() -> dict[str, Any]:
    return dict(api().get(_ADDRESS).body)


def _keep(changed: dict[str, Any], next_address: str) -> Response:
    """Change these and no others; then on to ``next_address``. Two tabs at once: each tab's own changes stay."""
    for last in (False, True):
        answer = api().get(_ADDRESS)
        headers = {} if last else {"If-Match": answer.headers.get("ETag", "*")}
        try:
            api().put(_ADDRESS, {**answer.body, **changed}, **headers)
            break
        except ApiProblem as problem:
            if problem.status != 412:
                raise
    response = make_response(redirect(next_address, 303))
    ask_anew(response)
    return response


def _page(preferences: dict[str, Any], errors: dict[str, str]) -> Response:
    return make_response(
        render_template(
            "preferences.html",
            preferences=preferences,
            errors=errors,
            languages=language_choices(),
            zones=time_zones(),
            next_address=safe_next(request.values.get("next")),
        )
    )

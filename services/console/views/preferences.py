"""How one likes things shown."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.reader import locale_of
from services.console.signed_in import api

PATH = "/v1/identity/me/preferences"
LANGUAGES = (
    "en-US", "en-GB", "ar", "bg", "cs", "da", "de", "de-AT", "de-CH", "el", "es", "es-MX", "fi", "fr", "fr-CA", "he",
    "hi", "hr", "hu", "id", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sr", "sv", "th",
    "tr", "uk", "vi", "zh-Hans", "zh-Hant",
)  # fmt: skip
_NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/")
_CHOICES = ("theme", "language", "time_zone")

blueprint = Blueprint("preferences", __name__)


@blueprint.get("/settings/preferences")
def preferences() -> Response:
    """The form."""
    return _form(Form({name: str(value or "") for name, value in _present().items() if name in _CHOICES}))


@blueprint.post("/settings/preferences")
def set_preferences() -> Response:
    """Keep them; how the list is shown stays as it is."""
    values = {name: request.form.get(name, "") for name in _CHOICES}
    try:
        api().put(PATH, {**_present(), **{name: value or None for name, value in values.items()}})
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return _form(Form.refused(values, problem), 422)
    return make_response(redirect(url_for("preferences.preferences", saved=1), 303))


def _present() -> dict[str, object]:
    body: dict[str, object] = api().get(PATH).body
    return body


def _form(form: Form, status: int = 200) -> Response:
    shown = render_template(
        "settings/preferences.html",
        form=form,
        languages=_languages(),
        zones=_zones(),
        saved="saved" in request.args and status == 200,
    )
    return make_response(shown, status)


@cache
def _languages() -> list[tuple[str, str]]:
    """Each with its name in itself."""
    named = []
    for tag in LANGUAGES:
        locale = locale_of(tag)
        name = (locale.get_display_name(locale) if locale else None) or tag
        named.append((tag, name[:1].upper() + name[1:]))
    return named


@cache
def _zones() -> list[tuple[str, str]]:
    """Those named for a place, and UTC."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(_NO_PLACES))
    return [(name, name.replace("_", " ")) for name in ("UTC", *places)]

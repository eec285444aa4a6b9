"""What every template can use."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, make_response, redirect, request

from services.console import assets, selling
from services.console.reader import NOTHING, country_name, currency_name, language_name
from services.console.rights import role_name, scope_name
from services.console.signed_in import member, reader


def register(app: Flask) -> None:
    """Give the templates their helpers."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=assets.address,
        icon=assets.icon,
        nothing=NOTHING,
        selling=selling,
        country_name=country_name,
        currency_name=currency_name,
        language_name=language_name,
        role_name=role_name,
        scope_name=scope_name,
    )
    app.context_processor(_helpers)


def is_fragment() -> bool:
    """Whether only a part of the page is wanted: asked for by a script, and not to show a page again."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def lead_to(address: str) -> Response:
    """Show another page, whoever asks: the browser itself, or a script for a part of the one that is shown."""
    if is_fragment():
        return Response(headers={"HX-Redirect": address})
    return make_response(redirect(address, 303))


def _helpers() -> dict[str, Any]:
    return {"member": member, "reader": reader}
